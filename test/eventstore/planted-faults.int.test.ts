import { beforeAll, describe, expect, it } from "vitest";
import type { Patch } from "../setup/copy.ts";
import { appendCases } from "./conformance/append.ts";
import { concurrencyCases } from "./conformance/concurrency.ts";
import { postgresConnectionCases } from "./conformance/postgres-connections.ts";
import { postgresGapCases } from "./conformance/postgres-gaps.ts";
import { projectionCases } from "./conformance/projections.ts";
import { type Cases, patience } from "./conformance/subject.ts";
import { subscriptionCases } from "./conformance/subscriptions.ts";
import { faultyCopy } from "./faulty-copy.ts";
import { type PostgresSubject, postgresSubject } from "./postgres-subject.ts";
import { type ProjectionSubject, projectionSubject } from "./projection-subject.ts";

type Fault = {
  readonly patches: readonly Patch[];
  /** The numbers of the cases that must notice it. */
  readonly noticedBy: readonly string[];
};

const transaction = "eventstore/postgres/append-transaction.ts";
const readTheEnd = "const { log, now } = await logEnd(client, appends);";
const withoutLock: Patch = {
  file: transaction,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what stands in the source.
  from: "  select pg_advisory_xact_lock(${advisoryLocks.append})`",
  to: "  select 1`",
};

const faults: Readonly<Record<string, Fault>> = {
  "the position is read before the lock is taken": {
    patches: [
      withoutLock,
      {
        file: transaction,
        from: readTheEnd,
        to: `${readTheEnd} await client.query("select pg_advisory_xact_lock(" + advisoryLocks.append + ")");`,
      },
    ],
    noticedBy: ["23", "38"],
  },
  "positions come from a sequence, before the lock": {
    patches: [
      withoutLock,
      {
        file: "eventstore/migrations/001-events.sql",
        from: "create table eventstore.events (",
        to: "create sequence eventstore.drawn; create table eventstore.events (",
      },
      {
        file: transaction,
        from: readTheEnd,
        to: `${readTheEnd}
          log.position = 100n * BigInt((await client.query("select nextval('eventstore.drawn') as n")).rows[0].n);`,
      },
    ],
    noticedBy: ["38"],
  },
  "the checkpoint is written outside the transaction of the rows": {
    patches: [
      {
        file: "eventstore/runner/lead.ts",
        from: "    if (to > from) await moveCheckpoint(client, term, from, to);\n  });",
        to: "  });\n  if (to > from) await asLeader(pool, term, (client) => moveCheckpoint(client, term, from, to));",
      },
    ],
    noticedBy: ["65"],
  },
  "a conflict is swallowed": {
    patches: [
      {
        file: "eventstore/decide-append.ts",
        from: "if (conflict !== undefined) return refused(conflict);",
        to: 'if (conflict !== undefined) return { kind: "repeated", events: [] };',
      },
    ],
    noticedBy: ["2", "5", "21"],
  },
  "notifications are trusted, without polling": {
    patches: [{ file: "eventstore/postgres/watch.ts", from: "poll ??= setInterval(hint, pollMs);", to: "" }],
    noticedBy: ["59"],
  },
  "the filter is dropped while catching up": {
    patches: [
      {
        file: "eventstore/postgres/subscription.ts",
        from: "backwards: false, filter }",
        to: "backwards: false, filter: place.caughtUp ? filter : undefined }",
      },
    ],
    noticedBy: ["53"],
  },
};

const everyCase = Object.values(faults).flatMap(({ noticedBy }) => noticedBy);

describe("a fault planted in the adapter is noticed by the suite", () => {
  beforeAll(() => {
    patience.ms = 5_000;
  });

  // It has as many tries as a fault: what came too late for so little patience comes in time in another.
  it.concurrent("no case complains about an unchanged copy", async () => {
    let complaining = [...new Set(everyCase)];
    for (let tries = 3; tries > 0 && complaining.length > 0; tries--)
      complaining = await complaints([], complaining);
    expect(complaining).toEqual([]);
  }, 120_000);

  it.concurrent.each(Object.entries(faults))(
    "%s",
    async (_name, { patches, noticedBy }) => {
      expect(await noticed(patches, noticedBy)).toEqual(noticedBy);
    },
    120_000,
  );
});

/** A race may be won by luck: a fault has three tries to show, each on a copy and a database of its own. */
async function noticed(patches: readonly Patch[], numbers: readonly string[]): Promise<string[]> {
  const seen = new Set<string>();
  for (let tries = 3; tries > 0 && seen.size < numbers.length; tries--) {
    for (const number of await complaints(patches, numbers)) seen.add(number);
  }
  return numbers.filter((number) => seen.has(number));
}

/** Runs the cases on a patched copy; answers the numbers of those that failed. */
async function complaints(patches: readonly Patch[], numbers: readonly string[]): Promise<string[]> {
  const copy = await faultyCopy(patches);
  const store = await postgresSubject(copy.postgresEventStore);
  const runner = await projectionSubject(copy);
  const failed: string[] = [];
  try {
    for (const number of numbers) {
      const outcome = await (caseOf(projectionCases, number)?.(runner) ?? storeCase(number)(store)).then(
        () => "passed",
        (error: unknown) => String(error),
      );
      if (outcome !== "passed") failed.push(number);
    }
  } finally {
    await Promise.all([store.dispose(), runner.dispose()]);
    await copy.remove();
  }
  return failed;
}

function storeCase(number: string): (subject: PostgresSubject) => Promise<void> {
  const suites: readonly Cases<PostgresSubject>[] = [
    appendCases,
    concurrencyCases,
    subscriptionCases,
    postgresGapCases,
    postgresConnectionCases,
  ];
  const found = suites.map((cases) => caseOf(cases, number)).find((one) => one !== undefined);
  if (found === undefined) throw new Error(`no case ${number}`);
  return found;
}

const caseOf = <S extends PostgresSubject | ProjectionSubject>(cases: Cases<S>, number: string) =>
  Object.entries(cases).find(([title]) => title.startsWith(`${number} `))?.[1];
