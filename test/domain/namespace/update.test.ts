import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import type { NamespaceRequest } from "../../../domain/request/request.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const operation = l.updating;
const update = (request: NamespaceRequest): Command<"RequestUpdate"> => ({
  type: "RequestUpdate",
  operation,
  request,
  workflow: a.workflow,
});
const select: Command<"SelectPlan"> = { type: "SelectPlan", operation, selection: l.largerSelection };
const apply: Command<"ApplyUpdate"> = { type: "ApplyUpdate", operation };
const register: Command<"RegisterProxies"> = {
  type: "RegisterProxies",
  operation,
  directoryVersion: "7",
  proxies: ["proxy-1"],
};
const fail: Command<"FailUpdate"> = { type: "FailUpdate", operation, error: a.outage, blocked: [] };

describe("asking for an update", () => {
  it("says field by field what changes", () =>
    given(...l.active)
      .when(update(l.largerRequest))
      .thenEvents({
        type: "UpdateRequested",
        data: {
          namespace: "orders",
          operation,
          workflow: a.workflow,
          request: l.largerRequest,
          changes: [{ field: "needs.write_rps", from: 100, to: 1000 }],
        },
      }));
  it("is quiet the second time, also when it has ended", () => {
    given(...l.growing)
      .when(update(l.largerRequest))
      .thenNothing();
    given(...l.growing, l.updateFailed())
      .when(update(l.largerRequest))
      .thenNothing();
  });
  it("is quiet where all is so already", () =>
    given(...l.active)
      .when(update(a.request))
      .thenNothing());
  it("works on one that is degraded", () =>
    given(...l.active, l.degraded)
      .when(update(l.largerRequest))
      .thenTypes("UpdateRequested"));
  it("of another version than there is, is refused", () => {
    given(...l.active)
      .when({ ...update(l.largerRequest), ifVersion: 2 })
      .thenRefused("VERSION_CONFLICT");
    given(...l.active)
      .when({ ...update(l.largerRequest), ifVersion: 1 })
      .thenTypes("UpdateRequested");
  });
  it.each([
    ["namespace", { ...a.request, namespace: "books" }],
    ["team", { ...a.request, team: "others" }],
    ["client_api", { ...a.request, client_api: "pubsub" as const }],
  ])("cannot make another %s of it", (_, request) =>
    given(...l.active)
      .when(update(request))
      .thenRefused("INVALID_CONFIGURATION"),
  );
  it("is refused while another operation has it", () => {
    for (const busy of [a.ready, l.growing, [...l.active, l.deletionRequested]]) {
      given(...busy)
        .when(l.as(a.another, update(l.largerRequest)))
        .thenRefused("OPERATION_IN_PROGRESS");
    }
  });
  it("is refused where there is nothing to update", () => {
    for (const nothing of [[], [a.requested, a.failed()], l.gone]) {
      given(...nothing)
        .when(update(l.largerRequest))
        .thenRefused("NOT_FOUND");
    }
  });
});

describe("an update of access alone", () => {
  it("needs no plan: it is a new version of the directory", () =>
    given(...l.openingUp)
      .when(apply)
      .thenEvents(l.applied));
  it("selects no plan once it is in force", () =>
    given(...l.openingUp, l.applied)
      .when(select)
      .thenRefused("TOO_LATE"));
  it("ends when the proxies have it", () => {
    given(...l.openingUp)
      .when(register)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...l.openingUp, l.applied)
      .when({ ...register, proxies: [] })
      .thenRefused("NAMESPACE_NOT_READY");
    given(...l.openingUp, l.applied)
      .when(register)
      .thenEvents(a.registered);
    given(...l.openingUp, l.applied, a.registered)
      .when(register)
      .thenNothing();
  });
  it("is in force from its version on", () => {
    const applied = [...l.openingUp, l.applied].reduce(evolve, absent);
    expect(applied).toMatchObject({ version: 2, status: "active", request: l.readersRequest });
    expect(applied.plan).toEqual(a.selection.plan);
    expect(applied.operation?.ended).toBe(false);
    expect(evolve(applied, a.registered).operation).toMatchObject({ ended: true, state: "succeeded" });
  });
});

describe("an update of the capacity", () => {
  it("needs a plan, which is not in force yet", () => {
    given(...l.growing)
      .when(apply)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...l.growing)
      .when(select)
      .thenEvents(l.largerPlanned);
    const planned = [...l.growing, l.largerPlanned].reduce(evolve, absent);
    expect(planned).toMatchObject({ planHash: "abc", version: 1, request: a.request });
  });
  it("says what it is about to change, and what it has changed", () => {
    const planned = given(...l.growing, l.largerPlanned);
    planned
      .when({ type: "IntendResource", operation, resource: l.largerTopic, sawAbsent: false })
      .thenTypes("ResourceIntended");
    planned.when(l.as(operation, a.intend(a.table))).thenNothing();
    planned.when(l.as(operation, a.confirm(l.largerTopic))).thenEvents(a.provisioned(l.largerTopic));
    given(...l.grown)
      .when(l.as(operation, a.intend(l.largerTopic)))
      .thenNothing();
    given(...l.grown)
      .when(l.as(operation, a.confirm(l.largerTopic)))
      .thenNothing();
  });
  it("keeps what proves that it is ours while it is changed", () => {
    const changing = [...l.growing, l.largerPlanned, a.intended(l.largerTopic, false)].reduce(evolve, absent);
    expect(changing.resources.get("kafka topic orders-queue")).toMatchObject({
      state: "provisioned",
      identity: "id-1",
      resource: a.topic,
      changing: l.largerTopic,
    });
  });
  it("is applied only when all is as planned", () => {
    given(...l.growing, l.largerPlanned)
      .when(apply)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...l.growing, l.largerPlanned, a.intended(l.largerTopic))
      .when(apply)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...l.grown)
      .when(apply)
      .thenEvents(l.applied);
    expect([...l.grown, l.applied].reduce(evolve, absent)).toMatchObject({
      planHash: "larger",
      version: 2,
    });
  });
  it("that would have to move anything is refused", () => {
    const moved = { ...l.largerSelection.plan, backend: { type: "postgres" as const, config: {} } };
    given(...l.growing)
      .when({ ...select, selection: { ...l.largerSelection, plan: moved } })
      .thenRefused("MIGRATION_REQUIRED");
  });
});

describe("every update that is applied", () => {
  it("counts one more version", () => {
    const second = l.updateRequested(a.request, "access.consumers") as NamespaceEvent;
    const asked = { ...second, data: { ...second.data, operation: a.another } } as NamespaceEvent;
    given(...l.openingUp, l.applied, a.registered, asked)
      .when(l.as(a.another, apply))
      .thenEvents({ type: "UpdateApplied", data: { version: 3 } });
  });
});

describe("an update that fails", () => {
  it("leaves the old configuration in force", () => {
    given(...l.growing, l.largerPlanned)
      .when(fail)
      .thenEvents(l.updateFailed());
    const failed = [...l.growing, l.largerPlanned, l.updateFailed()].reduce(evolve, absent);
    expect(failed).toMatchObject({
      status: "active",
      version: 1,
      planHash: "abc",
      request: a.request,
      plan: a.selection.plan,
      operation: { ended: true, state: "failed" },
    });
  });
  it("brings back what it changed, also when it was cancelled", () => {
    given(...l.grown, l.cancelled)
      .when(l.as(operation, a.intend(a.topic)))
      .thenEvents(a.intended(a.topic));
    given(...l.grown, l.cancelled)
      .when(l.as(operation, a.confirm(a.topic)))
      .thenEvents(a.provisioned(a.topic));
    given(...l.growing, l.largerPlanned, l.cancelled)
      .when(l.as(operation, a.intend(l.largerTopic)))
      .thenRefused("TOO_LATE");
  });
  it("says what it could not bring back", () =>
    given(...l.grown)
      .when(fail)
      .thenEvents(l.updateFailed("kafka topic orders-queue")));
  it("never removes what is in force", () => {
    given(...l.grown)
      .when({ type: "IntendRemoval", operation, resource: a.topic })
      .thenRefused("INTERNAL");
    given(...l.grown)
      .when({ type: "ConfirmRemoval", operation, resource: a.topic, removed: true })
      .thenRefused("INTERNAL");
  });
  it("removes what it had added, or says that it is still there", () => {
    const bucket = { backend: "s3", kind: "bucket-prefix", name: "orders/", config: {} } as const;
    const added = [...l.growing, l.largerPlanned, a.intended(bucket), a.provisioned(bucket)];
    given(...added)
      .when({ type: "IntendRemoval", operation, resource: bucket })
      .thenTypes("ResourceRemovalIntended");
    given(...added)
      .when(fail)
      .thenTypes("CleanupBlocked", "UpdateFailed");
    given(...added, a.removed(bucket))
      .when(fail)
      .thenTypes("UpdateFailed");
  });
  it("is quiet the second time, and too late after the pivot", () => {
    given(...l.growing, l.updateFailed())
      .when(fail)
      .thenNothing();
    given(...l.grown, l.applied)
      .when(fail)
      .thenRefused("TOO_LATE");
  });
  it("is no end of a create", () => given(a.requested).when(l.as(a.operation, fail)).thenRefused("INTERNAL"));
});
