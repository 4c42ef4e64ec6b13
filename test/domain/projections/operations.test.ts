import { describe, expect, it } from "vitest";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { type OperationRow, operations } from "../../../domain/projections/operations.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";
import { recorded } from "../namespace/recorded.ts";

/** Every operation's row after the events. */
function rowsAfter(events: readonly NamespaceEvent[]): ReadonlyMap<string, OperationRow> {
  const rows = new Map<string, OperationRow>();
  for (const event of recorded(events)) {
    const key = operations.key(event);
    const row = key === undefined ? undefined : operations.apply(rows.get(key), event);
    if (key !== undefined && row !== undefined) rows.set(key, row);
  }
  return rows;
}
const rowOf = (id: string, ...events: readonly NamespaceEvent[]) => rowsAfter(events).get(id);
const stepsOf = (id: string, ...events: readonly NamespaceEvent[]) =>
  rowOf(id, ...events)?.steps.map(({ name, state }) => `${name}: ${state}`);
const stepOf = (step: string, id: string, ...events: readonly NamespaceEvent[]) =>
  rowOf(id, ...events)?.steps.find(({ name }) => name === step);

const topic = "ensure kafka topic orders-queue";

describe("a create with approval", () => {
  it("has a step for it, and says what it waits for", () => {
    expect(stepsOf(a.operation, ...l.waiting)).toContain("approve: running");
    expect(rowOf(a.operation, ...l.waiting)).toMatchObject({
      state: "awaiting_approval",
      plan_hash: "abc",
      approval: { plan_hash: "abc", fields: l.overCap, requested_by: l.alice, expires_at: l.due },
    });
  });
  it("lists what its plan needs, and nothing else", () => {
    const stray = { ...a.topic, name: "stray" };
    const begun = [a.requested, a.planned];
    expect(stepsOf(a.operation, ...begun, a.intended(stray))).toEqual(stepsOf(a.operation, ...begun));
  });
  it("goes on once it is granted", () => {
    expect(stepsOf(a.operation, ...l.waiting, l.granted)?.slice(0, 5)).toEqual([
      "begin: done",
      "reserve-quota: done",
      "select: done",
      "approve: done",
      "assign-shard: pending",
    ]);
    expect(rowOf(a.operation, ...l.waiting, l.granted)).toMatchObject({ state: "running", approval: null });
  });
  it("keeps its one step where another plan waits in its place", () =>
    expect(
      stepsOf(
        a.operation,
        ...l.waiting,
        { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } },
        l.approvalRequested("def"),
      )?.filter((step) => step.startsWith("approve")),
    ).toEqual(["approve: running"]));
  it("is decided by a rejection, and ends with the unwinding", () => {
    const decided = rowOf(a.operation, ...l.waiting, l.rejected);
    expect(decided).toMatchObject({ state: "running", undoing: "rejected", ended_at: null, approval: null });
    expect(decided?.error?.message).toBe("The plan was rejected: too much");
    expect(rowOf(a.operation, ...l.waiting, l.rejected, l.namespaceRejected)).toMatchObject({
      state: "rejected",
      ended_at: "2026-01-01T00:00:04.000Z",
    });
  });
});

describe("an operation that meets trouble", () => {
  it("waits at a step", () => {
    expect(rowOf(a.operation, ...a.ready, l.parked)).toMatchObject({ state: "waiting", error: a.outage });
    expect(stepOf("probe", a.operation, ...a.ready.slice(0, -1), l.parked)).toMatchObject({
      state: "failed",
    });
    expect(stepOf("probe", a.operation, ...a.ready.slice(0, -1), l.parked, l.retried)).toMatchObject({
      state: "running",
      ended_at: null,
    });
  });
  it("shows what was undone, and what could not be", () => {
    const failing = [...a.ready, l.cancelled, l.removalIntended(a.topic), a.removed(a.topic)];
    expect(stepOf(topic, a.operation, ...failing)).toMatchObject({ state: "undone" });
    const stuck = [...a.ready, l.cancelled, l.stepFailed("remove kafka topic orders-queue")];
    expect(stepOf(topic, a.operation, ...stuck)).toMatchObject({ state: "retrying", last_error: a.outage });
    expect(stepOf(topic, a.operation, ...stuck, a.blocked)).toMatchObject({ state: "undo_failed" });
    const ended = [...stuck, a.blocked, a.failed(true)];
    expect(rowOf(a.operation, ...ended)).toMatchObject({ state: "cancelled" });
    const cleaned = [...ended, a.removed(a.topic), l.cleaned];
    expect(stepOf(topic, a.operation, ...cleaned)).toMatchObject({ state: "undone" });
    expect(rowOf(a.operation, ...cleaned)?.ended_at).toBe(rowOf(a.operation, ...ended)?.ended_at);
  });
  it("is at nothing any more when it has ended", () =>
    expect(stepOf("probe", a.operation, a.requested, l.stepFailed("probe"), a.failed())).toMatchObject({
      state: "failed",
      ended_at: "2026-01-01T00:00:02.000Z",
    }));
  it("shows a step that tells only of its failures, until one after it is done", () => {
    const failing = [a.requested, l.stepFailed("reserve-quota")];
    expect(stepOf("reserve-quota", a.operation, ...failing)).toMatchObject({ state: "retrying" });
    expect(stepOf("reserve-quota", a.operation, ...failing, a.planned)).toMatchObject({
      state: "done",
      attempts: 2,
    });
  });
});

describe("an update", () => {
  it("of access alone has three steps", () => {
    expect(stepsOf(l.updating, ...l.openingUp)).toEqual([
      "begin: done",
      "apply: pending",
      "register: pending",
    ]);
    expect(rowOf(l.updating, ...l.openingUp, l.applied, a.registered)).toMatchObject({
      kind: "update",
      state: "succeeded",
      teams: ["payments-team", "audit-team"],
    });
  });
  it("shows the resources as it changes them", () => {
    expect(stepsOf(l.updating, ...l.grown)).toEqual([
      "begin: done",
      "reserve-quota: done",
      "select: done",
      `${topic}: done`,
      "apply: pending",
      "commit-quota: pending",
      "register: pending",
    ]);
    expect(
      stepsOf(l.updating, ...l.grown, l.applied, a.registered)?.filter((s) => !s.endsWith("done")),
    ).toEqual([]);
  });
  it("lists them in the order in which it changes them, after what had to be approved", () => {
    const table = { ...a.table, config: { columns: 2 } };
    const both = [a.intended(l.largerTopic), a.provisioned(l.largerTopic), a.intended(table)];
    const approved = [l.approvalRequested("larger"), l.granted];
    const steps = (...before: readonly NamespaceEvent[]) =>
      stepsOf(l.updating, ...l.growing, l.largerPlanned, ...before, ...both);
    const touched = [`${topic}: done`, "ensure postgres wal-table wal_orders: running", "apply: pending"];
    expect(steps()?.slice(2, 6)).toEqual(["select: done", ...touched]);
    expect(steps(...approved)?.slice(2, 7)).toEqual(["select: done", "approve: done", ...touched]);
  });
  it("does not end the create again", () =>
    expect(rowOf(a.operation, ...l.grown, l.applied, a.registered)).toMatchObject({
      state: "succeeded",
      ended_at: "2026-01-01T00:00:11.000Z",
    }));
});

describe("a delete", () => {
  it("knows from its beginning what there is to remove, and whose it was", () => {
    expect(rowOf(l.deleting, ...l.active, l.deletionRequested)).toMatchObject({
      kind: "delete",
      teams: ["payments-team", "audit-team"],
      namespace: "orders",
    });
    expect(stepsOf(l.deleting, ...l.active, l.deletionRequested)).toEqual([
      "begin: done",
      "stop-traffic: pending",
      "drain: pending",
      "stop-providers: pending",
      "archive: pending",
      "remove kafka topic orders-queue: pending",
      "remove postgres wal-table wal_orders: pending",
      "unregister: pending",
      "release-quota: pending",
      "delete: pending",
    ]);
  });
  it("ends with every step done", () =>
    expect(stepsOf(l.deleting, ...l.gone)?.filter((step) => !step.endsWith("done"))).toEqual([]));
  it("that fails says why", () =>
    expect(rowOf(l.deleting, ...l.active, l.deletionRequested, l.deletionFailed)).toMatchObject({
      state: "failed",
      error: a.outage,
    }));
});

describe("a repair", () => {
  it("begins with what was found, and shows what it mends", () => {
    const mended = [...l.active, l.driftDetected(), a.provisioned(a.topic, "new"), l.driftRepaired];
    expect(rowOf(l.repairing, ...mended)).toMatchObject({ kind: "reconcile", state: "succeeded" });
    expect(stepsOf(l.repairing, ...mended)).toEqual(["begin: done", `${topic}: done`, "repair: done"]);
  });
  it("is none where findings are only recorded", () =>
    expect([...rowsAfter([...l.active, l.driftDetected([l.finding], false)]).keys()]).toEqual([a.operation]));
});
