import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const { operation } = a;
const ask: Command<"RequestApproval"> = {
  type: "RequestApproval",
  operation,
  requestedBy: l.alice,
  expiresAt: l.due,
};
const grant: Command<"GrantApproval"> = {
  type: "GrantApproval",
  operation,
  by: l.root,
  planHash: "abc",
  today: "abc",
  at: "2026-01-02T00:00:00.000Z",
};
const reject: Command<"RejectApproval"> = {
  type: "RejectApproval",
  operation,
  by: l.root,
  planHash: "abc",
  reason: "too much",
};
const renew: Command<"RenewPlan"> = {
  type: "RenewPlan",
  operation,
  selection: l.otherSelection,
  expiresAt: l.due,
};
const expire = (at: string): Command<"ExpireApproval"> => ({ type: "ExpireApproval", operation, at });
const place: Command<"AssignShard"> = { type: "AssignShard", operation, shard: "shard-1" };

describe("a plan that needs approval", () => {
  it("says so", () =>
    given(a.requested)
      .when({ type: "SelectPlan", operation, selection: l.askingSelection })
      .thenEvents(l.plannedOverCap));
  it("is not built before", () => {
    const unasked = given(a.requested, l.plannedOverCap);
    unasked.when(place).thenRefused("APPROVAL_REQUIRED");
    unasked.when(a.intend(a.topic)).thenRefused("APPROVAL_REQUIRED");
    given(...l.waiting)
      .when(place)
      .thenRefused("APPROVAL_REQUIRED");
  });
  it("is built once it is granted", () =>
    given(...l.waiting, l.granted)
      .when(place)
      .thenEvents(a.placed));
  it("is not built under the approval of another", () =>
    given(...l.waiting, l.granted, { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } })
      .when(place)
      .thenRefused("APPROVAL_REQUIRED"));
  it("may be cancelled while it waits", () =>
    given(...l.waiting)
      .when({ type: "CancelOperation", operation, by: l.alice })
      .thenEvents(l.cancelled));
});

describe("asking for approval", () => {
  it("names the plan, the fields, who asked and until when", () =>
    given(a.requested, l.plannedOverCap).when(ask).thenEvents(l.approvalRequested()));
  it("is quiet the second time, and where nothing needs it", () => {
    given(...l.waiting)
      .when(ask)
      .thenNothing();
    given(...l.waiting, l.granted)
      .when(ask)
      .thenNothing();
    given(a.requested, a.planned).when(ask).thenNothing();
  });
  it("needs a plan", () => given(a.requested).when(ask).thenRefused("NAMESPACE_NOT_READY"));
  it("comes too late once it was rejected", () =>
    given(...l.waiting, l.rejected)
      .when(ask)
      .thenRefused("TOO_LATE"));
  it("shows on the namespace, until it is decided", () => {
    const statusAfter = (...events: typeof l.waiting) => events.reduce(evolve, absent).status;
    expect(statusAfter(...l.waiting)).toBe("awaiting_approval");
    for (const decided of [l.granted, l.rejected, l.expired, l.cancelled]) {
      expect(statusAfter(...l.waiting, decided)).toBe("provisioning");
    }
  });
});

describe("granting", () => {
  const when = (command: Partial<typeof grant>, ...more: readonly (typeof l.granted)[]) =>
    given(...l.waiting, ...more).when({ ...grant, ...command });
  it("is of the plan's hash", () => when({}).thenEvents(l.granted));
  it("keeps what was said", () => when({ comment: "TICKET-1" }).thenTypes("ApprovalGranted"));
  it("is quiet the second time", () => when({}, l.granted).thenNothing());
  it("of another plan is refused", () => when({ planHash: "def" }).thenRefused("APPROVAL_STALE"));
  it("of a plan that is no longer today's is refused", () =>
    when({ today: "def" }).thenRefused("APPROVAL_STALE"));
  it("of another plan is refused also after one was granted", () =>
    when({ planHash: "def" }, l.granted).thenRefused("APPROVAL_STALE"));
  it("is nobody's who asked for it, the platform's neither", () =>
    when({ by: l.alice }).thenRefused("FORBIDDEN"));
  it("comes too late when it is due", () => when({ at: l.due }).thenRefused("TOO_LATE"));
  it("comes too late once it is rejected, expired or cancelled", () => {
    for (const decided of [l.rejected, l.expired, l.cancelled]) when({}, decided).thenRefused("TOO_LATE");
  });
  it("is refused where nothing waits", () =>
    given(a.requested, a.planned).when(grant).thenRefused("TOO_LATE"));
  it("is refused for an operation nobody knows, or one that has ended", () => {
    when({ operation: a.another }).thenRefused("NOT_FOUND");
    given(...l.gone)
      .when(grant)
      .thenRefused("TOO_LATE");
  });
});

describe("a plan that is no longer what would be built", () => {
  it("is replaced by the one that would", () =>
    given(...l.waiting)
      .when(renew)
      .thenEvents(
        { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } },
        l.approvalRequested("def"),
      ));
  it("then waits under its own hash", () => {
    const renewed = [
      ...l.waiting,
      { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } },
      l.approvalRequested("def"),
    ] as const;
    given(...renewed)
      .when({ ...grant, today: "def" })
      .thenRefused("APPROVAL_STALE");
    given(...renewed)
      .when({ ...grant, planHash: "def", today: "def" })
      .thenTypes("ApprovalGranted");
    given(...renewed)
      .when(renew)
      .thenNothing();
  });
  it("goes on where today's needs no word", () =>
    given(...l.waiting)
      .when({ ...renew, selection: { ...l.otherSelection, approval: [] } })
      .thenTypes("PlanSelected"));
  it("is quiet while selection chooses the same, and where nothing waits", () => {
    given(...l.waiting)
      .when({ ...renew, selection: l.askingSelection })
      .thenNothing();
    given(...l.waiting, a.failed())
      .when(renew)
      .thenNothing();
    given(...l.waiting, l.granted)
      .when(renew)
      .thenNothing();
  });
});

describe("rejecting", () => {
  it("says why, and undoes the operation", () =>
    given(...l.waiting)
      .when(reject)
      .thenEvents(l.rejected));
  it("is quiet the second time", () =>
    given(...l.waiting, l.rejected)
      .when(reject)
      .thenNothing());
  it("of another plan is refused", () =>
    given(...l.waiting)
      .when({ ...reject, planHash: "def" })
      .thenRefused("APPROVAL_STALE"));
  it("comes too late once it is granted", () =>
    given(...l.waiting, l.granted)
      .when(reject)
      .thenRefused("TOO_LATE"));
  it("ends the create as rejected, for the reason that was given", () => {
    given(...l.waiting, l.rejected)
      .when(a.failIt)
      .thenEvents({
        type: "NamespaceRejected",
        data: {
          namespace: "orders",
          error: expect.objectContaining({ message: "The plan was rejected: too much" }),
          cleanup_blocked: false,
        },
      });
    given(...l.waiting, l.rejected)
      .when(place)
      .thenRefused("TOO_LATE");
  });
});

describe("an approval that nobody gives", () => {
  it("expires when it is due", () =>
    given(...l.waiting)
      .when(expire(l.due))
      .thenEvents(l.expired));
  it("does not before: the timer may be that of a plan which another has replaced", () =>
    given(...l.waiting)
      .when(expire("2026-01-30T23:59:59.999Z"))
      .thenNothing());
  it("is quiet the second time, and once it is decided", () => {
    for (const decided of [l.expired, l.granted, l.rejected]) {
      given(...l.waiting, decided)
        .when(expire(l.due))
        .thenNothing();
    }
  });
  it("ends the create as rejected", () =>
    given(...l.waiting, l.expired)
      .when(a.failIt)
      .thenTypes("NamespaceRejected"));
});

describe("an update that crosses a boundary", () => {
  const selection = { ...l.largerSelection, approval: l.overCap };
  const select: Command<"SelectPlan"> = { type: "SelectPlan", operation: l.updating, selection };
  it("waits like a create, and the namespace goes on", () => {
    const asked = given(...l.growing);
    asked.when(select).thenTypes("PlanSelected");
    const planned = { ...l.largerPlanned, data: { ...l.largerPlanned.data, approval: l.overCap } };
    given(...l.growing, planned)
      .when(l.as(l.updating, a.intend(l.largerTopic)))
      .thenRefused("APPROVAL_REQUIRED");
    const waiting = [...l.growing, planned, l.approvalRequested("larger")];
    expect(waiting.reduce(evolve, absent).status).toBe("active");
  });
  it("asks only for what it changes", () =>
    given(...l.growing)
      .when({ ...select, selection: { ...selection, approval: [{ field: "needs.retention", because: "" }] } })
      .thenEvents(l.largerPlanned));
});
