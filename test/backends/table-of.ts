import type { Resource } from "../../domain/plan.ts";

/** The table of a namespace's log. */
export const tableOf = (namespace: string): Resource => ({
  backend: "postgres",
  kind: "wal-table",
  name: `wal_${namespace.replaceAll("-", "_")}`,
  config: { database: "data" },
});
