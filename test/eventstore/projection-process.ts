import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { postgresEventStore } from "../../eventstore/postgres/postgres.ts";
import { projections } from "../../eventstore/runner.ts";
import { counter } from "./projection-subject.ts";

/** Run by a test that kills it: folds the counter of a name, and writes a line once it leads. */
const [url = "", name = ""] = process.argv.slice(2);
const pool = postgresPool(url);
const say = (_fields: object, message: string) => {
  if (message === "leads the projection") process.stdout.write("leads\n");
};
projections(
  { pool, store: postgresEventStore({ pool }), log: { info: say, warn: say, error: say } },
  [counter(name, `${name}-`)],
  new AbortController().signal,
);
