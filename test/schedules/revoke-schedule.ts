import { setTimeout as pause } from "node:timers/promises";
import { reportedAt } from "../e2e/revoking.ts";
import { figures } from "../eventstore/soaking.ts";
import { until } from "../setup/until.ts";
import type { Kind } from "./gate.ts";
import { leaseMs, type Stage } from "./stage.ts";

/** What of a schedule was done, and what was accepted after it must not be. */
export type Played = { readonly harm: readonly string[]; readonly impossible: readonly string[] };

/** What the model calls a step, and what passes the gate there. */
const messages: Readonly<Record<string, Kind>> = {
  snapshot: "snapshot",
  change: "change",
  renew: "status",
  count: "status",
  "not yet": "status",
  "take lease": "lease",
};
// How long a step may take to become possible. Where it does not, the real proxy does no such thing.
const possibleMs = 5_000;
const isOfMessages = (name: string): boolean =>
  name in messages || name === "hello" || name === "send-status";

/**
 * Plays a schedule of the model (`test/model/revoke.ts`) with real processes: what proxy `a` and
 * the control plane say to each other waits until the schedule has it arrive, and what it writes waits where
 * the schedule does not save. What the schedule does not name does not happen to `a`; `b` goes on as ever.
 */
export async function play(stage: Stage, namespace: string, schedule: readonly string[]): Promise<Played> {
  const { gate, alice } = stage;
  const harm: string[] = [];
  const impossible: string[] = [];
  let operation = "";
  const look = async (when: string): Promise<void> => {
    for (const proxy of [stage.a, stage.b])
      if (await stage.accepts(proxy, namespace)) harm.push(`${proxy.id} accepts ${when}`);
  };
  const reported = async () => (await reportedAt(alice, namespace, operation)) !== undefined;
  const isReported = () => operation !== "" && reported();

  const steps: Readonly<Record<string, () => Promise<void>>> = {
    async apply() {
      const changed = await alice.namespaces.update(namespace, { access: { consumers: [] } });
      operation = changed.operation?.id ?? "";
      const inForce = async () =>
        (await alice.namespaces.history(namespace)).items.some(({ type }) => type === "UpdateApplied");
      await until(inForce, 60_000);
    },
    async register() {
      await until(reported, 100_000);
      await look("once its revoke was reported");
    },
    tick: () => pause(leaseMs),
    async "cut off"() {
      gate.hold("hello");
      gate.cut();
    },
    async hello() {
      gate.mend();
      await gate.take("hello", possibleMs);
    },
    async "send-status"() {
      gate.hold("status", "lease");
      await gate.next("status", possibleMs);
    },
    async restart() {
      gate.hold("hello");
      gate.cut();
      await stage.restart();
    },
    async goodbye() {
      await stage.stop();
      gate.hold("hello");
      gate.cut();
      await stage.start();
    },
    // It was, when the process ended.
    async "hear goodbye"() {},
    // Both follow by themselves, the second one where the disk lets it.
    async "put-into-force"() {},
    save: () => stage.freeDisk(),
  };

  gate.hold("change", "snapshot");
  if (!schedule.includes("send-status a")) gate.hold("status", "lease");
  if (schedule.some((action) => /^(change|snapshot) a$/.test(action))) await stage.holdDisk();
  for (const action of schedule) {
    if (action.endsWith(" b")) continue;
    const name = action.replace(/ a$/, "");
    const kind = messages[name];
    const done = kind === undefined ? steps[name]?.() : gate.take(kind, possibleMs);
    if (done === undefined) throw new Error(`nobody knows how to play '${action}'`);
    await done.catch((error: unknown) => {
      if (!isOfMessages(name)) throw error;
      impossible.push(action);
    });
    figures(`${new Date().toISOString()} ${action}${impossible.at(-1) === action ? " (not done)" : ""}`);
    if (await isReported()) await look(`after '${action}'`);
  }
  return { harm: [...new Set(harm)], impossible };
}
