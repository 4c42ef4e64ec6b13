import { describe, expect, it } from "vitest";
import { decisionOf } from "../../api/outcome.ts";
import type { Failure } from "../../domain/namespace/event-data.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import {
  activated,
  failed,
  operation,
  outage,
  planned,
  ready,
  requested,
} from "../domain/namespace/examples.ts";
import * as a from "../domain/namespace/lives.ts";
import { closed, goingOn } from "./starters.ts";
import { happened } from "./stream.ts";

const address = { namespace: "orders", operation };

/** What somebody is told who waits after these events; `more` comes while they wait. */
const told = (past: readonly NamespaceEvent[], ...more: readonly NamespaceEvent[]) =>
  toldWithin(30_000, past, more);

/** What somebody is told who does not wait for long, after events that decide nothing. */
const toldAtOnce = (past: readonly NamespaceEvent[]) => toldWithin(100, past, []);

async function toldWithin(
  ms: number,
  past: readonly NamespaceEvent[],
  more: readonly NamespaceEvent[],
): Promise<string> {
  const store = memoryEventStore();
  await happened(store, ...past);
  const decision = decisionOf({ store, starter: goingOn }, address, AbortSignal.timeout(ms));
  for (const event of more) await happened(store, event);
  const decided = await decision;
  if (decided === undefined) return "nothing";
  return decided.failure === undefined ? `position ${decided.position}` : decided.failure.code;
}

async function waited(past: readonly NamespaceEvent[], starter: typeof goingOn, signal: AbortSignal) {
  const store = memoryEventStore();
  await happened(store, ...past);
  return decisionOf({ store, starter }, address, signal);
}

describe("whoever waits for an operation is told", () => {
  it("that it has succeeded", async () =>
    expect(await told([...ready, activated])).toBe(`position ${ready.length + 1}`));
  it("nothing while it goes on", async () => expect(await toldAtOnce([requested, planned])).toBe("nothing"));
  it("nothing of an attempt that is repeated", async () =>
    expect(await toldAtOnce([requested, a.stepFailed("probe")])).toBe("nothing"));
  it("that it fails, before it is unwound", async () =>
    expect(await told([requested, a.stepFailed("probe", false)])).toBe(outage.code));
  it("that it has failed", async () => expect(await told([requested, failed()])).toBe(outage.code));
  it("that it waits for approval", async () => expect(await told(a.waiting)).toBe("position 3"));
  it("that it waits for approval from now on", async () =>
    expect(await told([requested], a.plannedOverCap, a.approvalRequested())).toBe("position 3"));
  it("nothing of an approval that was waited for once", async () =>
    expect(await toldAtOnce([...a.waiting, a.granted])).toBe("nothing"));
  it("that it is rejected, and that its approval has expired", async () => {
    expect(await told([...a.waiting, a.rejected])).toBe("FORBIDDEN");
    expect(await told([...a.waiting, a.expired])).toBe("APPROVAL_REQUIRED");
  });
  it("that it is parked, and nothing once it was tried again", async () => {
    expect(await told([requested, a.parked])).toBe("position 2");
    expect(await toldAtOnce([requested, a.parked, a.retried])).toBe("nothing");
  });
  it("that it was given up, or cancelled", async () => {
    expect(await told([requested, a.parked, a.abandoned])).toBe(outage.code);
    expect(await told([requested, a.cancelled])).toBe("NAMESPACE_NOT_READY");
  });

  describe("where another one was quicker", () => {
    const beaten = (failure: Failure | null, ...past: readonly NamespaceEvent[]) =>
      waited(past, closed(failure), AbortSignal.timeout(10_000));
    const conflict: Failure = { code: "VERSION_CONFLICT", message: "at version 2", details: {} };

    it("that it was refused, or had nothing to do, though no event says so", async () => {
      expect(await beaten(conflict)).toMatchObject({
        state: "failed",
        failure: { code: "VERSION_CONFLICT" },
      });
      expect(await beaten(null)).toMatchObject({ state: "succeeded", failure: undefined });
    });

    it("what its events say, once it has begun", async () =>
      expect(await beaten(conflict, ...ready, activated)).toMatchObject({
        ...{ position: BigInt(ready.length + 1), state: "succeeded" },
      }));
  });
});
