import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent, isFree } from "../../../domain/namespace/namespace.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const { operation } = a;
const report = (...resources: readonly string[]): Command<"ReportBlockedCleanup"> => ({
  type: "ReportBlockedCleanup",
  operation,
  resources,
});
const complete: Command<"CompleteCleanup"> = { type: "CompleteCleanup", operation };
const intendRemoval: Command<"IntendRemoval"> = { type: "IntendRemoval", operation, resource: a.topic };
const remove: Command<"ConfirmRemoval"> = {
  type: "ConfirmRemoval",
  operation,
  resource: a.topic,
  removed: true,
};
const begun = [a.requested, a.planned, a.intended(a.topic)];
const stuck = [...begun, a.blocked, a.failed(true)];
const freeAfter = (...events: readonly NamespaceEvent[]) => isFree(events.reduce(evolve, absent));

describe("an undo that gives up", () => {
  it("is recorded at once, each thing once", () => {
    given(...begun)
      .when(report("kafka topic orders-queue"))
      .thenEvents(a.blocked);
    given(...begun, a.blocked)
      .when(report("kafka topic orders-queue"))
      .thenNothing();
    given(...begun, a.blocked)
      .when(report("kafka topic orders-queue", "quota"))
      .thenEvents({ type: "CleanupBlocked", data: { resources: ["quota"] } });
  });
  it("is no matter of an operation that has ended or only goes forward", () => {
    given(...begun, a.failed())
      .when(report("quota"))
      .thenRefused("TOO_LATE");
    given(...l.emptied)
      .when(l.as(l.deleting, report("quota")))
      .thenRefused("TOO_LATE");
  });
});

describe("a create that fails", () => {
  it("says what is still there, also what no undo has told of", () =>
    given(...begun)
      .when(a.failIt)
      .thenEvents(a.blocked, a.failed(true)));
  it("says it once", () =>
    given(...begun, a.blocked)
      .when({ ...a.failIt, blocked: ["kafka topic orders-queue"] } as typeof a.failIt)
      .thenEvents(a.failed(true)));
  it("leaves a free name only with nothing behind", () => {
    expect(freeAfter(...begun, a.removed(a.topic), a.failed())).toBe(true);
    expect(freeAfter(...stuck)).toBe(false);
    expect(freeAfter(...stuck, a.removed(a.topic))).toBe(false);
  });
});

describe("cleaning up behind an operation that has ended", () => {
  it("goes on in its name", () => {
    given(...stuck)
      .when(intendRemoval)
      .thenEvents(l.removalIntended(a.topic));
    given(...stuck, l.removalIntended(a.topic))
      .when(intendRemoval)
      .thenNothing();
    given(...stuck, l.removalIntended(a.topic))
      .when(remove)
      .thenEvents(a.removed(a.topic));
  });
  it("frees the name when all is gone", () => {
    given(...stuck)
      .when(complete)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...stuck, a.removed(a.topic))
      .when(complete)
      .thenEvents(l.cleaned);
    expect(freeAfter(...stuck, a.removed(a.topic), l.cleaned)).toBe(true);
    given(...stuck, a.removed(a.topic), l.cleaned)
      .when(complete)
      .thenNothing();
  });
  it("is quiet where nothing is blocked, and not yet while the operation goes on", () => {
    given(...begun)
      .when(complete)
      .thenNothing();
    given(...begun, a.blocked)
      .when(complete)
      .thenRefused("NAMESPACE_NOT_READY");
  });
  it("is over once the next operation has the namespace", () =>
    given(...stuck, l.deletionRequested)
      .when(remove)
      .thenRefused("OPERATION_IN_PROGRESS"));
  it("makes nothing", () =>
    given(...stuck)
      .when(a.confirm(a.topic))
      .thenRefused("TOO_LATE"));
  it("goes on behind a later operation, also one that went through", () => {
    const other = { ...a.topic, name: "left" };
    const behind: NamespaceEvent = { type: "CleanupBlocked", data: { resources: ["kafka topic left"] } };
    const failed = [...l.growing, a.intended(other), behind, l.updateFailed()];
    const later = [...failed, l.rewindRequested, l.rewound];
    given(...later)
      .when({ ...intendRemoval, operation: l.rewinding, resource: other })
      .thenEvents(l.removalIntended(other));
    given(...later, l.removalIntended(other), a.removed(other))
      .when({ ...complete, operation: l.rewinding })
      .thenEvents({ type: "CleanupCompleted", data: { resources: ["kafka topic left"] } });
  });
  it("takes nothing from a namespace that serves", () => {
    const failed = [...l.growing, a.blocked, l.updateFailed()];
    given(...failed)
      .when(l.as(l.updating, remove))
      .thenRefused("INTERNAL");
  });
});

describe("removing", () => {
  it("keeps the intent to make it, which says that it is ours", () => {
    const removing = [...begun, l.removalIntended(a.topic)].reduce(evolve, absent);
    expect(removing.resources.get("kafka topic orders-queue")).toMatchObject({
      state: "removing",
      sawAbsent: true,
      identity: undefined,
    });
  });
  it("is not overtaken by making it", () =>
    given(...begun, l.removalIntended(a.topic))
      .when(a.intend(a.topic))
      .thenRefused("TOO_LATE"));
  it("comes too late once the create has ended", () => {
    given(...begun, a.failed())
      .when(remove)
      .thenRefused("TOO_LATE");
    given(...l.active)
      .when(remove)
      .thenRefused("INTERNAL");
  });
  it("is nothing a repair does", () =>
    given(...l.active, l.driftDetected())
      .when({ ...intendRemoval, operation: l.repairing, resource: a.topic })
      .thenRefused("INTERNAL"));
});
