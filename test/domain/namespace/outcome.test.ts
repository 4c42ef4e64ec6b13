import { describe, expect, it } from "vitest";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { outcomeOf } from "../../../domain/namespace/outcome.ts";
import * as a from "./examples.ts";
import * as l from "./lives.ts";
import { recorded } from "./recorded.ts";

const outcome = (operation: string, events: readonly NamespaceEvent[]) =>
  outcomeOf(recorded(events), operation);

describe("the outcome of an operation", () => {
  const ends: readonly (readonly [string, string, string, readonly NamespaceEvent[]])[] = [
    ["a create that is active", a.operation, "succeeded", l.active],
    ["a create that failed", a.operation, "failed", [a.requested, a.failed()]],
    ["a create that was cancelled", a.operation, "cancelled", [a.requested, l.cancelled, a.failed()]],
    ["one that was abandoned", a.operation, "failed", [a.requested, l.parked, l.abandoned, a.failed()]],
    ["one that was rejected", a.operation, "rejected", [...l.waiting, l.rejected, l.namespaceRejected]],
    ["one that expired", a.operation, "rejected", [...l.waiting, l.expired, l.namespaceRejected]],
    ["an update", l.updating, "succeeded", [...l.openingUp, l.applied, a.registered]],
    ["an update that failed", l.updating, "failed", [...l.growing, l.updateFailed()]],
    ["an update that was cancelled", l.updating, "cancelled", [...l.growing, l.cancelled, l.updateFailed()]],
    [
      "an update that was rejected",
      l.updating,
      "rejected",
      [...l.growing, l.approvalRequested(), l.rejected, l.updateFailed()],
    ],
    ["a delete", l.deleting, "succeeded", l.gone],
    ["a delete that failed", l.deleting, "failed", [...l.active, l.deletionRequested, l.deletionFailed]],
    ["a repair", l.repairing, "succeeded", [...l.active, l.driftDetected(), l.driftRepaired]],
    ["a repair that failed", l.repairing, "failed", [...l.active, l.driftDetected(), l.repairFailed]],
  ];

  it.each(ends)("%s", (_, operation, state, events) => {
    expect(outcome(operation, events)).toMatchObject({ state, position: String(events.length) });
    expect(outcome(operation, events.slice(0, -1))).toBeUndefined();
  });

  it("says why where it is no success, in the words that were recorded", () =>
    expect(outcome(a.operation, [a.requested, a.failed()])).toMatchObject({ error: a.outage }));
  it("stays what it was, whatever comes after", () => {
    expect(outcome(a.operation, l.gone)).toMatchObject({ state: "succeeded" });
    expect(outcome(a.operation, [a.requested, a.blocked, a.failed(true), l.cleaned])).toMatchObject({
      position: "3",
    });
  });
  it("is not there for an operation nobody knows", () =>
    expect(outcome(a.another, l.active)).toBeUndefined());
});
