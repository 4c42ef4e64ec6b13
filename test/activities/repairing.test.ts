import { expect, it } from "vitest";
import type { Recorder } from "../../activities/recorder.ts";
import { type RepairingDependencies, repairingActivities } from "../../activities/repairing.ts";
import { PrismError } from "../../domain/errors.ts";
import type { Finding } from "../../domain/namespace/drift-events.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { attempt, lived } from "./lived.ts";

it("a repair whose last word was lost does not call a namespace whole in which something is somebody else's", async () => {
  const foreign: Finding = { ...l.finding, class: "foreign", resource: "postgres wal-table wal_orders" };
  const history = await lived(
    { operation: a.operation, events: l.active },
    { operation: l.sweep, events: [l.degraded] },
    { operation: l.repairing, events: [l.driftDetected([l.finding, foreign])] },
  );
  let lost = false;
  const recorder: Recorder = {
    ...history,
    async record(occasion, step, command, round) {
      if (command.type === "DetectDrift" && !lost) {
        lost = true;
        throw new PrismError("BACKEND_UNAVAILABLE", "the event store was away");
      }
      return history.record(occasion, step, command, round);
    },
  };
  const deps = { attempt, recorder, backends: new Map() } as RepairingDependencies;
  const { completeRepair } = repairingActivities(deps);
  const occasion = { namespace: "orders", operation: l.repairing, actor: "prism" };
  const repaired = { occasion, resources: [l.finding.resource ?? ""] };
  await expect(completeRepair(repaired)).rejects.toThrow("away");
  await completeRepair(repaired);
  const { state } = await recorder.read("orders");
  expect(state).toMatchObject({ status: "degraded", drift: [foreign] });
});
