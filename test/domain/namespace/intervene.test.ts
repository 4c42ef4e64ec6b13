import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent, pivotPassed } from "../../../domain/namespace/namespace.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const { operation } = a;
const park: Command<"ParkOperation"> = { type: "ParkOperation", operation, step: "probe", error: a.outage };
const retry: Command<"RetryOperation"> = { type: "RetryOperation", operation, by: l.alice };
const abandon: Command<"AbandonOperation"> = { type: "AbandonOperation", operation, by: l.alice };
const cancel: Command<"CancelOperation"> = { type: "CancelOperation", operation, by: l.alice };
const during = a.ready.slice(0, -1);

describe("parking", () => {
  it("says at which step, and why", () =>
    given(...during)
      .when(park)
      .thenEvents(l.parked));
  it("leaves the namespace what it was", () => {
    expect([...during, l.parked].reduce(evolve, absent).status).toBe("provisioning");
    expect([...l.openingUp, l.parked].reduce(evolve, absent).status).toBe("active");
  });
  it("is quiet while it is parked, and parks again after a retry", () => {
    given(...during, l.parked)
      .when(park)
      .thenNothing();
    given(...during, l.parked, l.retried)
      .when(park)
      .thenEvents(l.parked);
  });
  it("is refused to one that is being undone or has ended", () => {
    given(...during, l.cancelled)
      .when(park)
      .thenRefused("TOO_LATE");
    given(...l.active)
      .when(park)
      .thenRefused("TOO_LATE");
  });
});

describe("retrying", () => {
  it("goes on at the step it was parked at", () =>
    given(...during, l.parked)
      .when(retry)
      .thenEvents(l.retried));
  it("is quiet where it does not wait", () => {
    given(...during)
      .when(retry)
      .thenNothing();
    given(...during, l.parked, l.retried)
      .when(retry)
      .thenNothing();
  });
  it("goes on also after the pivot", () =>
    given(...l.emptied, l.parked)
      .when(l.as(l.deleting, retry))
      .thenTypes("OperationRetried"));
  it("comes too late for one that is being undone or has ended", () => {
    given(...during, l.parked, l.abandoned)
      .when(retry)
      .thenRefused("TOO_LATE");
    given(...l.active)
      .when(retry)
      .thenRefused("TOO_LATE");
  });
  it("needs an operation there is", () =>
    given(...during)
      .when(l.as(a.another, retry))
      .thenRefused("NOT_FOUND"));
});

describe("abandoning", () => {
  it("undoes a parked operation, for what it was parked for", () => {
    given(...during, l.parked)
      .when(abandon)
      .thenEvents(l.abandoned);
    given(...during, l.parked, l.abandoned)
      .when({ ...a.failIt, error: { code: "INTERNAL", message: "", details: {} } } as typeof a.failIt)
      .thenTypes("CleanupBlocked", "NamespaceFailed");
  });
  it("is quiet the second time, also when it has ended", () => {
    given(...during, l.parked, l.abandoned)
      .when(abandon)
      .thenNothing();
    given(...during, l.parked, l.abandoned, a.failed())
      .when(abandon)
      .thenNothing();
  });
  it("is refused to one that is at work: that can be cancelled", () =>
    given(...during)
      .when(abandon)
      .thenRefused("OPERATION_IN_PROGRESS"));
  it("comes too late after the pivot, parked or not", () => {
    given(...l.emptied, l.parked)
      .when(l.as(l.deleting, abandon))
      .thenRefused("TOO_LATE");
    given(...l.openingUp, l.applied, l.parked)
      .when(l.as(l.updating, abandon))
      .thenRefused("TOO_LATE");
    given(...l.active)
      .when(abandon)
      .thenRefused("TOO_LATE");
  });
  it("comes too late for one that was cancelled", () =>
    given(...during, l.parked, l.cancelled)
      .when(abandon)
      .thenRefused("TOO_LATE"));
});

describe("cancelling", () => {
  it("undoes an operation that has not passed its pivot", () => {
    given(...during)
      .when(cancel)
      .thenEvents(l.cancelled);
    given(...during, l.parked)
      .when(cancel)
      .thenEvents(l.cancelled);
    given(...l.grown)
      .when(l.as(l.updating, cancel))
      .thenEvents(l.cancelled);
    given(...l.active, l.deletionRequested, l.stopped)
      .when(l.as(l.deleting, cancel))
      .thenEvents(l.cancelled);
  });
  it("is quiet the second time, also when it has ended so", () => {
    given(...during, l.cancelled)
      .when(cancel)
      .thenNothing();
    given(...during, l.cancelled, a.failed())
      .when(cancel)
      .thenNothing();
  });
  it("is quiet where it is being undone already", () =>
    given(...during, l.parked, l.abandoned)
      .when(cancel)
      .thenNothing());
  it("comes too late for one that failed by itself", () =>
    given(a.requested, a.failed()).when(cancel).thenRefused("TOO_LATE"));

  const pivots: readonly (readonly [string, readonly NamespaceEvent[], string])[] = [
    ["a create: active", l.active, operation],
    ["an update: in force", [...l.openingUp, l.applied], l.updating],
    ["a delete: drained", l.emptied.slice(0, -2), l.deleting],
    ["a repair: done", [...l.active, l.driftDetected(), l.driftRepaired], l.repairing],
  ];
  it.each(pivots)("comes too late after the pivot of %s", (_, events, id) => {
    given(...events)
      .when(l.as(id, cancel))
      .thenRefused("TOO_LATE");
    expect(pivotPassed(events.reduce(evolve, absent), id)).toBe(true);
    expect(pivotPassed(events.slice(0, -1).reduce(evolve, absent), id)).toBe(false);
    expect(pivotPassed(events.reduce(evolve, absent), a.another)).toBe(false);
  });
});

describe("an operation that was cancelled", () => {
  const cancelled = given(...a.ready, l.cancelled);
  it("is not activated: who comes first decides", () => cancelled.when(a.activateIt).thenRefused("TOO_LATE"));
  it("makes nothing any more", () =>
    given(a.requested, a.planned, l.cancelled).when(a.intend(a.topic)).thenRefused("TOO_LATE"));
  it("still learns what it made: the undo has to know it", () =>
    given(a.requested, a.planned, a.intended(a.topic), l.cancelled)
      .when(a.confirm(a.topic))
      .thenEvents(a.provisioned(a.topic)));
  it("removes what it made, and ends for what was decided", () => {
    const removed = [...a.ready, l.cancelled, a.removed(a.topic), a.removed(a.table)];
    given(...removed)
      .when(a.failIt)
      .thenEvents({
        type: "NamespaceFailed",
        data: {
          namespace: "orders",
          error: {
            code: "NAMESPACE_NOT_READY",
            message: "The operation was cancelled",
            details: { by: l.alice },
          },
          cleanup_blocked: false,
        },
      });
  });
});
