import { describe, expect, it } from "vitest";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../../domain/projections/namespaces.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";
import { recorded } from "../namespace/recorded.ts";

const rowAfter = (...events: readonly NamespaceEvent[]) =>
  recorded(events).reduce<NamespaceRow | undefined>((row, event) => namespaces.apply(row, event), undefined);
const position = (events: readonly NamespaceEvent[]) => String(events.length);

describe("a create that waits for approval", () => {
  it("shows it on the namespace and on its operation, until it is decided", () => {
    expect(rowAfter(...l.waiting)).toMatchObject({
      status: "awaiting_approval",
      operation: { kind: "create", state: "awaiting_approval" },
    });
    expect(rowAfter(...l.waiting, l.granted)).toMatchObject({
      status: "provisioning",
      operation: { state: "running" },
    });
  });
  it("ends as rejected", () =>
    expect(rowAfter(...l.waiting, l.rejected, l.namespaceRejected)).toMatchObject({
      status: "rejected",
      operation: { state: "rejected" },
      serving: "none",
    }));
  it("shows the plan that waits in its place", () =>
    expect(
      rowAfter(
        ...l.waiting,
        { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } },
        l.approvalRequested("def"),
      ),
    ).toMatchObject({ status: "awaiting_approval", plan_hash: "def" }));
});

describe("an operation that waits, is cancelled or abandoned", () => {
  it("shows on the operation, and the namespace is what it was", () => {
    expect(rowAfter(...a.ready, l.parked)).toMatchObject({
      status: "provisioning",
      operation: { state: "waiting", error: a.outage },
    });
    expect(rowAfter(...a.ready, l.parked, l.retried)).toMatchObject({
      operation: { state: "running", error: null },
    });
    expect(rowAfter(...l.openingUp, l.parked)).toMatchObject({ status: "active" });
  });
  it("ends as it was decided", () => {
    expect(rowAfter(...a.ready, l.cancelled, a.failed())).toMatchObject({
      status: "failed",
      operation: { state: "cancelled" },
    });
    expect(rowAfter(...a.ready, l.parked, l.abandoned, a.failed())).toMatchObject({
      status: "failed",
      operation: { state: "failed", error: a.outage },
    });
  });
});

describe("the proxies that serve it", () => {
  const served = [{ address: "127.0.0.1:8980", region: "local" }];
  const everywhere: NamespaceEvent = {
    type: "ProxiesRegistered",
    data: { directory_version: "7", proxies: ["proxy-1"], endpoints: served },
  };
  it("are known with where they were, also when a later event does not say", () => {
    expect(rowAfter(a.requested)).toMatchObject({ served_at: [] });
    expect(rowAfter(a.requested, everywhere)).toMatchObject({ served_at: served });
    expect(rowAfter(a.requested, everywhere, a.registered)).toMatchObject({ served_at: served });
  });
});

describe("an update", () => {
  it("leaves in force what is in force, until it is applied", () => {
    const before = rowAfter(...l.active);
    expect(rowAfter(...l.grown)).toMatchObject({
      status: "active",
      version: 1,
      request: before?.request,
      plan: before?.plan,
      plan_hash: "abc",
      serving: "serving",
      directory_version: before?.directory_version,
      operation: { id: l.updating, kind: "update", state: "running" },
      next: { request: l.largerRequest, plan_hash: "larger" },
    });
  });
  it("is a new version, which proxies have to acknowledge, and ends when they have", () => {
    const applied = [...l.grown, l.applied];
    expect(rowAfter(...applied)).toMatchObject({
      version: 2,
      request: l.largerRequest,
      plan_hash: "larger",
      serving: "serving",
      directory_version: position(applied),
      next: null,
      operation: { state: "running" },
    });
    expect(rowAfter(...applied, a.registered)).toMatchObject({ operation: { state: "succeeded" } });
  });
  it("of access alone keeps the plan", () =>
    expect(rowAfter(...l.openingUp, l.applied)).toMatchObject({
      version: 2,
      request: l.readersRequest,
      plan_hash: "abc",
      plan: { patterns: a.selection.plan.patterns, backend: a.selection.plan.backend, revision: "1" },
    }));
  it("that is applied is explained by its own plan's event", () => {
    expect(rowAfter(...l.grown)?.plan?.revision).toBe("1");
    const selected = String(l.grown.indexOf(l.largerPlanned));
    expect(rowAfter(...l.grown, l.applied)?.plan?.revision).toBe(selected);
  });
  it("that fails leaves nothing but its operation", () => {
    const { operation, updated_at: _, ...failed } = rowAfter(...l.grown, l.updateFailed()) ?? absent();
    const { operation: __, updated_at: ___, ...before } = rowAfter(...l.active) ?? absent();
    expect(failed).toEqual(before);
    expect(operation).toMatchObject({ kind: "update", state: "failed", error: a.outage });
  });
  it("waits for approval while the namespace goes on", () =>
    expect(rowAfter(...l.growing, l.largerPlanned, l.approvalRequested("larger"))).toMatchObject({
      status: "active",
      operation: { state: "awaiting_approval" },
    }));
});

describe("a delete", () => {
  it("tells proxies to refuse, then that nothing is left to do, then to forget it", () => {
    const begun = [...l.active, l.deletionRequested];
    expect(rowAfter(...begun)).toMatchObject({
      status: "deleting",
      serving: "draining",
      directory_version: position(begun),
      operation: { kind: "delete", state: "running" },
    });
    const drained = [...begun, l.stopped, l.drained];
    expect(rowAfter(...drained, l.providersStopped)).toMatchObject({
      serving: "drained",
      directory_version: position(drained),
    });
    const forgotten = l.gone.slice(0, -1);
    expect(rowAfter(...forgotten)).toMatchObject({
      status: "deleting",
      serving: "none",
      directory_version: position(forgotten),
    });
    expect(rowAfter(...l.gone)).toMatchObject({
      status: "deleted",
      directory_version: position(forgotten),
      operation: { state: "succeeded" },
    });
  });
  it("that fails is served again", () => {
    const failed = [...l.active, l.degraded, l.deletionRequested, l.stopped, l.deletionFailed];
    expect(rowAfter(...failed)).toMatchObject({
      status: "degraded",
      serving: "serving",
      directory_version: position(failed),
      before: null,
      operation: { kind: "delete", state: "failed" },
    });
  });
  it("of what never served changes nothing for proxies", () =>
    expect(rowAfter(a.requested, a.failed(), l.deletionRequested, l.drained, l.unregistered)).toMatchObject({
      serving: "none",
      directory_version: "0",
    }));
});

describe("what others see of a namespace", () => {
  it("shows on it, and not on its operation", () => {
    expect(rowAfter(...l.active, l.degraded)).toMatchObject({
      status: "degraded",
      trouble: "a broker is away",
      operation: { id: a.operation, state: "succeeded" },
    });
    expect(rowAfter(...l.active, l.degraded, l.recovered)).toMatchObject({ status: "active", trouble: null });
    expect(rowAfter(...l.active, l.driftDetected([l.finding], false))).toMatchObject({
      drift: [l.finding],
      operation: { id: a.operation },
    });
  });
  it("says that it keeps nearly all that it reserves, until it does not", () => {
    const nearlyFull = [...l.active, l.dataAlarmRaised];
    expect(rowAfter(...l.active)).toMatchObject({ data_alarm: false });
    expect(rowAfter(...nearlyFull)).toMatchObject({ data_alarm: true, status: "active" });
    expect(rowAfter(...nearlyFull)?.directory_version).toBe(rowAfter(...l.active)?.directory_version);
    expect(rowAfter(...nearlyFull, l.dataAlarmCleared)).toMatchObject({ data_alarm: false });
  });
  it("is repaired by an operation of its own", () => {
    expect(rowAfter(...l.active, l.driftDetected())).toMatchObject({
      operation: { id: l.repairing, kind: "reconcile", state: "running" },
    });
    expect(rowAfter(...l.active, l.driftDetected(), l.driftRepaired)).toMatchObject({
      drift: [],
      operation: { state: "succeeded" },
    });
    expect(rowAfter(...l.active, l.driftDetected(), l.repairFailed)).toMatchObject({
      drift: [l.finding],
      status: "active",
      operation: { state: "failed" },
    });
  });
  it("makes no row of a name nobody had", () => expect(rowAfter(l.quarantined)).toBeUndefined());
});

const absent = (): never => {
  throw new Error("there is no row");
};
