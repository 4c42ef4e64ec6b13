import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import { canonicalJson, type JsonObject } from "../../../domain/json.ts";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { outcomeOf } from "../../../domain/namespace/outcome.ts";
import { type NamespaceRow, namespaces } from "../../../domain/projections/namespaces.ts";
import { type OperationRow, operations } from "../../../domain/projections/operations.ts";
import type { Projection } from "../../../domain/projections/projection.ts";
import { everyCommand } from "../namespace/every-command.ts";
import { recorded } from "../namespace/recorded.ts";
import { advance, emptyWorld, type Turn, tell, type World } from "../namespace/world.ts";

const histories: fc.Arbitrary<
  readonly { readonly turn: Turn; readonly stray: NamespaceCommand | undefined }[]
> = fc.array(
  fc.record({
    turn: fc.record({ pick: fc.nat(99), crash: fc.constantFrom<Turn["crash"]>(0, 1, 2, 3) }),
    stray: fc.option(fc.constantFrom(...everyCommand), { nil: undefined, freq: 4 }),
  }),
  { maxLength: 90, size: "max" },
);

const worlds = histories.map((history) => {
  const world = emptyWorld();
  for (const { turn, stray } of history) {
    advance(world, turn);
    if (stray !== undefined) tell(world, { ...stray, operation: world.namespace.operation?.id ?? "op-0" });
  }
  return world;
});

/** As the runner folds: rows are JSON that was written and read in between. */
function fold<Row extends JsonObject>(
  projection: Projection<NamespaceEvent, Row>,
  events: readonly RecordedEvent<NamespaceEvent>[],
  through: (row: Row) => Row = (row) => row,
): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const key = projection.key(event);
    const row = key === undefined ? undefined : projection.apply(rows.get(key), event);
    if (key !== undefined && row !== undefined) rows.set(key, through(row));
  }
  return rows;
}

const stored = <Row extends JsonObject>(row: Row): Row => JSON.parse(canonicalJson(row)) as Row;
const text = (rows: ReadonlyMap<string, JsonObject>): string => canonicalJson(Object.fromEntries(rows));

const always = (check: (world: World, events: readonly RecordedEvent<NamespaceEvent>[]) => void) =>
  fc.assert(
    fc.property(worlds, (world) => {
      check(world, recorded(world.log));
    }),
    { numRuns: 250 },
  );

describe("whatever happens to a namespace", { timeout: 60_000 }, () => {
  it("folding it again from scratch, through the database or not, gives the same rows", () =>
    always((_, events) => {
      expect(text(fold(namespaces, events, stored))).toBe(text(fold(namespaces, events)));
      expect(text(fold(operations, events, stored))).toBe(text(fold(operations, events)));
    }));

  it("the row says what the aggregate knows", () =>
    always(({ namespace }, events) => {
      const row: NamespaceRow | undefined = fold(namespaces, events).get("orders");
      if (row === undefined) return expect(namespace.status).toBe("absent");
      const { operation, request, plan } = namespace;
      expect(row).toMatchObject({
        status: namespace.status,
        incarnation: namespace.incarnation,
        version: namespace.version,
        request,
        plan: plan === undefined ? null : { patterns: plan.patterns, backend: plan.backend },
        plan_hash: namespace.planHash ?? null,
        shard: namespace.shard ?? null,
        trouble: namespace.trouble ?? null,
        drift: namespace.drift,
        data_alarm: namespace.dataAlarm,
        operation: {
          id: operation?.id,
          kind: operation?.kind,
          state: operation?.state,
          undoing: operation?.undoing,
          error: operation?.error,
        },
      });
    }));

  it("proxies serve what is in use, and know nothing of what is gone", () =>
    always(({ namespace }, events) => {
      const serving = fold(namespaces, events).get("orders")?.serving;
      const { status } = namespace;
      if (status === "active" || status === "degraded") expect(serving).toBe("serving");
      else expect(serving).not.toBe("serving");
      if (["deleted", "failed", "rejected"].includes(status)) expect(serving).toBe("none");
    }));

  it("every operation's row ends as its outcome says", () =>
    always((_, events) => {
      for (const [id, row] of fold<OperationRow>(operations, events)) {
        const outcome = outcomeOf(events, id);
        expect(row.ended_at === null).toBe(outcome === undefined);
        if (outcome !== undefined) expect(row.state).toBe(outcome.state);
        const busy = row.steps.filter(({ state }) => state === "running" || state === "retrying");
        if (row.ended_at !== null && row.state === "succeeded") expect(busy).toEqual([]);
      }
    }));
});
