import { killWhere, troubles } from "./conformance/postgres-gaps.ts";
import { soakCases } from "./conformance/soak.ts";
import { conform } from "./conformance/subject.ts";
import { type PostgresSubject, postgresSubject } from "./postgres-subject.ts";
import { soakSeconds } from "./soaking.ts";

conform(
  "Postgres: soak",
  postgresSubject,
  soakCases(soakSeconds, async (subject) => {
    const { database } = subject as PostgresSubject;
    await troubles(database);
    return {
      // One of the writers' connections dies, in whatever it is doing.
      strike: () => killWhere(database, anyWriter),
      doomed: "Doomed",
      excuses: ["StoreUnavailable"],
    };
  }),
  soakSeconds * 1_000 + 120_000,
);

const anyWriter = `pid = (select pid from pg_stat_activity
  where datname = current_database() and application_name = 'prism-eventstore' order by random() limit 1)`;
