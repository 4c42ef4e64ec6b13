import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import type { Drift } from "./backend.ts";

/** What a kind of table looks like. Columns are not null unless `optional`. */
export type Layout = {
  readonly columns: Readonly<Record<string, string>>;
  readonly optional?: readonly string[];
  /** Parts of it are made and dropped by those who write it; else it has a primary key. */
  readonly partitionedBy?: string;
  readonly primaryKey?: string;
  /** Counted up by Postgres. */
  readonly counted?: string;
};

/** One row a message (design §9). */
const message = {
  position: "bigint",
  message_id: "uuid",
  topic: "text",
  key: "bytea",
  payload: "bytea",
  metadata: "bytea",
  recorded_at: "timestamp with time zone",
} as const;
const log: Layout = { columns: message, partitionedBy: "position" };
/** Written in the transaction of the client's own SQL, and so not in the order of their positions. */
const events: Layout = { columns: message, primaryKey: "position", counted: "position" };
const values: Layout = {
  columns: {
    key: "text",
    value: "bytea",
    version: "bigint",
    expires_at: "timestamp with time zone",
    updated_at: "timestamp with time zone",
  },
  optional: ["expires_at"],
  primaryKey: "key",
};

/** By the kind of the plan's resource. */
const layouts: Readonly<Record<string, Layout>> = {
  "wal-table": log,
  "replay-table": log,
  "tier-table": log,
  "keyvalue-table": values,
  "outbox-table": events,
  "queue-table": events,
};

export const isTable = ({ kind }: Resource): boolean => Object.hasOwn(layouts, kind);

export function layoutOf({ kind }: Resource): Layout {
  const layout = layouts[kind];
  if (layout === undefined) throw new PrismError("INTERNAL", `${kind} is no table`);
  return layout;
}

/** Behind `create table <name>`. */
export function definition({ columns, optional = [], partitionedBy, primaryKey, counted }: Layout): string {
  const lines = Object.entries(columns).map(([name, type]) => {
    const generated = name === counted ? " generated always as identity" : "";
    return `${name} ${type}${optional.includes(name) ? "" : " not null"}${generated}`;
  });
  const key = primaryKey === undefined ? [] : [`primary key (${primaryKey})`];
  const parts = partitionedBy === undefined ? "" : ` partition by range (${partitionedBy})`;
  return `(${[...lines, ...key].join(", ")})${parts}`;
}

/** All that differs, each column once. */
export function layoutDrift(
  { columns: planned, partitionedBy }: Layout,
  { columns, partitioned }: { columns: Readonly<Record<string, string>>; partitioned: boolean },
): readonly Drift[] {
  const parts = (by: string | undefined) => (by === undefined ? "none" : `range (${by})`);
  const asPlanned = partitioned === (partitionedBy !== undefined);
  return [
    ...Object.entries(planned)
      .filter(([name, type]) => columns[name] !== type)
      .map(([name, type]) => ({
        field: `column ${name}`,
        planned: type,
        actual: columns[name] ?? "missing",
      })),
    ...Object.entries(columns)
      .filter(([name]) => !Object.hasOwn(planned, name))
      .map(([name, type]) => ({ field: `column ${name}`, planned: "absent", actual: type })),
    ...(asPlanned
      ? []
      : [{ field: "partitioning", planned: parts(partitionedBy), actual: partitioned ? "some" : "none" }]),
  ];
}
