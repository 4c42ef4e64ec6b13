import { expect, it } from "vitest";
import { type GrowingDependencies, growingActivities } from "../../activities/growing.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { attempt, lived } from "./lived.ts";

/** A log that ends at 100, and later at 500, of which 350 are relayed. */
function logOf() {
  const log = { end: 100n, relayed: 350n, standing: undefined as bigint | undefined, grown: 0 };
  const barrier = {
    hold: async () => {
      log.standing ??= log.end;
      return log.standing;
    },
    standing: async () => log.standing,
    release: async () => {
      log.standing = undefined;
    },
    relayed: async () => log.relayed,
    ends: async () => [35n],
    groups: async () => ({ groups: ["billing"], behind: [] }),
    grow: async () => {
      log.grown++;
    },
  };
  return { log, barrier };
}

it("an update that goes on after its barrier was taken down waits for the one that stands, not for the first", async () => {
  const { log, barrier } = logOf();
  const recorder = await lived(
    { operation: a.operation, events: l.active },
    { operation: l.updating, events: l.growing.slice(l.active.length) },
  );
  const patience = { patienceMs: 50, barrierMs: 50 };
  const deps = { attempt, recorder, barrier, failpoint: () => {}, ...patience };
  const steps = growingActivities(deps as unknown as GrowingDependencies);
  const first = { namespace: "orders", operation: l.updating, actor: "user:alice" };
  await steps.holdRelay({ occasion: first, growth: l.growth });
  // It was being undone when its workflow was lost.
  await steps.releaseRelay({ occasion: first });
  log.end = 500n;

  const again = { occasion: { ...first, round: 9 }, growth: l.growth };
  await steps.holdRelay(again);
  expect(await steps.drainGroups(again)).toContain("150 messages are still to be relayed");
  await expect(steps.growRelay(again)).rejects.toMatchObject({ code: "NAMESPACE_NOT_READY" });
  expect(log.grown).toBe(0);
  log.relayed = 500n;
  expect(await steps.drainGroups(again)).toBeUndefined();
});
