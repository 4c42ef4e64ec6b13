import { v7 as uuid7 } from "uuid";
import type { OperationKind } from "../domain/namespace/progress.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";

/** When it is worth asking for an operation again, in milliseconds; 0: never, it has ended. */
export type CheckAfter = (row: OperationRow) => Promise<number>;

// Before anything is known: what a create takes here.
const unknownMs = 500;
const leastMs = 100;
const overdueMs = { least: 250, most: 10_000 };
/** A person has to decide: whoever is told sooner asks in vain. */
const peopleMs = 30_000;
const learnsFromMs = 3_600_000;
const learnedForMs = 30_000;
const sample = 50;

/**
 * An honest guess: what the operations of its kind took that succeeded within the last hour (the median
 * of up to 50), less what has passed. One that takes longer is asked about less and less often.
 */
export function checkAfter(
  operations: ProjectionReader<OperationRow>,
  now: () => number = Date.now,
): CheckAfter {
  const learned = new Map<OperationKind, { readonly at: number; readonly ms: Promise<number> }>();
  const usualMs = (kind: OperationKind): Promise<number> => {
    const known = learned.get(kind);
    if (known !== undefined && now() - known.at < learnedForMs) return known.ms;
    // Ids begin with their time, save for those that come of an Idempotency-Key.
    const after = uuid7({ msecs: now() - learnsFromMs });
    const ms = operations
      .list({ where: { kind, state: "succeeded" }, after, limit: sample })
      .then(({ items }) => median(items.map(({ row }) => workMs(row, Date.parse(row.ended_at ?? "")))));
    learned.set(kind, { at: now(), ms });
    ms.catch(() => learned.delete(kind));
    return ms;
  };
  return async (row) => {
    if (row.ended_at !== null) return 0;
    if (row.state === "awaiting_approval" || row.state === "waiting") return peopleMs;
    const passed = workMs(row, now());
    const left = (await usualMs(row.kind)) - passed;
    if (left > 0) return Math.round(Math.max(left, leastMs));
    return Math.round(Math.min(Math.max(passed / 2, overdueMs.least), overdueMs.most));
  };
}

/** Without the time in which it waited for an approval. */
function workMs({ started_at, steps }: OperationRow, until: number): number {
  const approve = steps.find(({ name }) => name === "approve");
  const { started_at: from, ended_at: to } = approve ?? { started_at: null, ended_at: null };
  const waited = from === null ? 0 : (to === null ? until : Date.parse(to)) - Date.parse(from);
  return until - Date.parse(started_at) - waited;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? unknownMs;
}
