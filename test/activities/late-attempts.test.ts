import { describe, expect, it } from "vitest";
import { type DeletingDependencies, deletingActivities } from "../../activities/deleting.ts";
import { type GrowingDependencies, growingActivities } from "../../activities/growing.ts";
import type { Recorder } from "../../activities/recorder.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { attempt, lived } from "./lived.ts";

const born = l.active.map((event) =>
  event.type === "NamespaceRequested" ? { ...event, data: { ...event.data, operation: a.another } } : event,
);
const firstLife = { operation: a.operation, events: l.active };
const nextLife = () =>
  lived(
    firstLife,
    { operation: l.deleting, events: l.gone.slice(l.active.length) },
    { operation: a.another, events: born, incarnation: 2 },
  );
const cancelledDelete = () =>
  lived(firstLife, {
    operation: l.deleting,
    events: [l.deletionRequested, l.stopped, l.cancelled, l.deletionFailed],
  });

const proxy = { proxy: "proxy-1", appliedVersion: 10n ** 12n, refused: {}, inFlight: {} };
const leases = { live: async () => [proxy], mayServe: async () => [proxy] };

/** What an operation's attempts do to its log, in order. */
function touching(recorder: Recorder, unrelayed = 0) {
  const touched: string[] = [];
  const touch = (what: string) => async () => void touched.push(what);
  const logs = {
    close: async () => {
      touched.push("close");
      return unrelayed;
    },
    reopen: touch("reopen"),
    forgetKeys: touch("forget"),
    backlog: async () => unrelayed,
  };
  const patience = { patienceMs: 100, staleMs: 1_000, drainMs: 1, drainLogMs: 60_000, barrierMs: 100 };
  const barrier = {
    hold: async () => {
      touched.push("hold");
      return 7n;
    },
    grow: touch("grow"),
    release: touch("release"),
    standing: async () => 7n,
    relayed: async () => 7n,
    ends: async () => [3n],
  };
  const deps = { attempt, recorder, leases, logs, barrier, failpoint: () => {}, ...patience };
  const deleting = deletingActivities(deps as unknown as DeletingDependencies);
  const growing = growingActivities(deps as unknown as GrowingDependencies);
  return { touched, deleting, growing };
}

describe("an attempt that was frozen, and wakes up when another operation has the namespace", () => {
  const occasion = { namespace: "orders", operation: l.deleting, actor: "user:alice" };
  const growth = { occasion, growth: l.growth };

  it.each(["stopTraffic", "stopProviders", "reopenLog"] as const)(
    "%s of a delete touches nothing of the next life",
    async (step) => {
      const { touched, deleting } = touching(await nextLife());
      await expect(deleting[step](occasion)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
      expect(touched).toEqual([]);
    },
  );

  it.each(["holdRelay", "growRelay", "releaseRelay"] as const)(
    "%s of an update touches nothing of the next life",
    async (step) => {
      const { touched, growing } = touching(await nextLife());
      await expect(growing[step](growth)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
      expect(touched).toEqual([]);
    },
  );

  it("stopTraffic of a delete that was cancelled leaves the log open", async () => {
    const { touched, deleting } = touching(await cancelledDelete());
    await expect(deleting.stopTraffic(occasion)).rejects.toMatchObject({ code: "TOO_LATE" });
    expect(touched).toEqual([]);
  });
});

it("a delete that was cancelled while it drains does not drain on", async () => {
  const events = [l.deletionRequested, l.stopped, l.cancelled];
  const { deleting } = touching(await lived(firstLife, { operation: l.deleting, events }), 5);
  const occasion = { namespace: "orders", operation: l.deleting, actor: "user:alice" };
  await expect(deleting.drain({ occasion, pending: 3 })).rejects.toMatchObject({ code: "TOO_LATE" });
});
