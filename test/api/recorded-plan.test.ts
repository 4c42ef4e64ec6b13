import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { recordedPlan } from "../../api/recorded-plan.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import type { EventStore } from "../../eventstore/event-store.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { recorded } from "../domain/namespace/recorded.ts";

/** A namespace's whole stream, and its row as it was after so many of the events. */
async function lived(events: readonly NamespaceEvent[]) {
  const store: EventStore = memoryEventStore();
  const facts = recorded(events);
  for (const { type, data, metadata } of facts) {
    await store.append("namespace-orders", [{ id: randomUUID(), type, data, metadata }], { expected: "any" });
  }
  const rowAfter = (count: number): NamespaceRow => {
    const row = facts
      .slice(0, count)
      .reduce<NamespaceRow | undefined>((known, event) => namespaces.apply(known, event), undefined);
    return row ?? expect.fail("there is a row");
  };
  return { planAfter: (count: number) => recordedPlan(store, rowAfter(count)) };
}

describe("the plan that is answered", () => {
  const before = l.grown.length;
  const whole = [...l.grown, l.applied, a.registered];

  it("is none before one was selected", async () => {
    const { planAfter } = await lived([a.requested, a.planned]);
    await expect(planAfter(1)).rejects.toMatchObject({ code: "NAMESPACE_NOT_READY" });
    expect(await planAfter(2)).toMatchObject({ plan: { ...a.selection.plan, shard: null }, hash: "abc" });
  });

  it("is an update's once that is applied, and the one before until then", async () => {
    const { planAfter } = await lived(whole);
    expect((await planAfter(before)).hash).toBe("abc");
    expect((await planAfter(before)).plan).toMatchObject(a.selection.plan);
    const after = await planAfter(whole.length);
    expect(after).toMatchObject({ plan: l.largerSelection.plan, trace: a.selection.trace, hash: "larger" });
  });

  it("stays what it was where an update fails, or asks for no other plan", async () => {
    const failed = [...l.grown, l.updateFailed()];
    expect((await (await lived(failed)).planAfter(failed.length)).hash).toBe("abc");
    const readers = [...l.openingUp, l.applied];
    expect(await (await lived(readers)).planAfter(readers.length)).toMatchObject({
      plan: a.selection.plan,
      hash: "abc",
    });
  });

  it("is that of the name's own life", async () => {
    const selected = { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } };
    const again = [...l.gone, a.requested, selected];
    const { planAfter } = await lived(again);
    expect((await planAfter(l.gone.length)).hash).toBe("abc");
    await expect(planAfter(l.gone.length + 1)).rejects.toMatchObject({ code: "NAMESPACE_NOT_READY" });
    expect((await planAfter(again.length)).hash).toBe("def");
  });
});
