import { describe, expect, it } from "vitest";
import { checkAfter } from "../../api/expected-duration.ts";
import type { OperationRow } from "../../domain/projections/operations.ts";
import type { ProjectionReader } from "../../eventstore/runner/reader.ts";

const second = 1_000;
const start = Date.UTC(2026, 0, 1);
const at = (ms: number): string => new Date(start + ms).toISOString();
const row = (more: Partial<OperationRow> = {}): OperationRow =>
  ({
    kind: "create",
    state: "running",
    steps: [],
    started_at: at(0),
    ended_at: null,
    ...more,
  }) as OperationRow;

/** After so long, where others of its kind took this long. */
const estimate = (asked: OperationRow, afterMs: number, others: readonly OperationRow[] = []) => {
  const reader = { list: async () => ({ items: others.map((one) => ({ row: one })), next: null }) };
  return checkAfter(reader as unknown as ProjectionReader<OperationRow>, () => start + afterMs)(asked);
};
const took = (ms: number, more: Partial<OperationRow> = {}) =>
  row({ state: "succeeded", ended_at: at(ms), ...more });

describe("when to ask for an operation again", () => {
  it("is when those of its kind are done as a rule", async () =>
    expect(await estimate(row(), 1 * second, [took(4 * second), took(5 * second), took(60 * second)])).toBe(
      4 * second,
    ));
  it("counts no time in which somebody had to decide", async () => {
    const approve = { name: "approve", started_at: at(0), ended_at: at(1_000 * second) };
    const slow = took(1_003 * second, { steps: [approve] as never });
    expect(await estimate(row(), 1 * second, [slow])).toBe(2 * second);
  });
  it("is later and later where it takes longer than that", async () => {
    const others = [took(1 * second)];
    expect(await estimate(row(), 4 * second, others)).toBe(2 * second);
    expect(await estimate(row(), 3_600 * second, others)).toBe(10 * second);
  });
  it("is not soon where it waits for a person, and never once it has ended", async () => {
    expect(await estimate(row({ state: "awaiting_approval" }), second)).toBe(30 * second);
    expect(await estimate(row({ state: "waiting" }), second)).toBe(30 * second);
    expect(await estimate(took(second), second)).toBe(0);
  });
  it("is a guess where nothing is known", async () => expect(await estimate(row(), 0)).toBe(500));
});
