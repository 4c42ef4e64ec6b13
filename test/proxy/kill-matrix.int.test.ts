import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { moments, steps } from "../../proxy/failpoint.ts";
import { randomOf } from "../setup/random.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { fleet, type ProxyProcess } from "./fleet.ts";
import { judge } from "./history.ts";
import { data, isLed, kafkaTopic } from "./stage.ts";
import { witness } from "./witness.ts";

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;
let standing: ProxyProcess[];
const sound = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] };
// All of it takes minutes: `npm test` runs what dies after its effect, the harder half.
const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
// Far longer than a broker waits for a member that has died: a busy machine is slow, and what is lost stays away.
const settleMs = 150_000;
const patienceMs = soaking ? 3_600_000 : 600_000;

beforeAll(async () => {
  control = await controlPlane();
  proxies = await fleet(control);
  standing = await Promise.all([proxies.start("one"), proxies.start("two")]);
  await control.acknowledged(settleMs);
}, settleMs);
/** An ordered, durable queue that `first` leads. */
async function queue(namespace: string, first: string): Promise<void> {
  const [topic] = await Promise.all([kafkaTopic(3), (await data()).provision(namespace)]);
  const entry = queueEntry(namespace, topic, { patterns: logged, ordered: true });
  await control.putFirst(entry, first, () => until(() => isLed(namespace), settleMs));
}

describe("a proxy that is killed under load", () => {
  const all = steps.flatMap((step) => moments.map((moment) => ({ step, moment })));
  const cells = soaking ? all : all.filter(({ moment }) => moment === "after");

  // Each with a victim and a queue of its own; few, side by side, as they mostly wait until the dead one is given up.
  (soaking ? it : it.concurrent).each(cells)(
    "$moment $step: nothing acknowledged is lost, nothing confirmed comes again, keys keep their order",
    async ({ step, moment }) => {
      const namespace = `kill-${step}-${moment}`;
      const id = `victim-${step}-${moment}`;
      const victim = await proxies.start(id, { PRISM_FAILPOINT: `${step}:${moment}:${namespace}:15` });
      await queue(namespace, id);
      const addresses = () => [victim, ...standing].map(({ address }) => address);
      const seen = witness({ namespace, token: proxies.token, addresses });
      await Promise.race([victim.ended, pause(settleMs)]);
      expect(victim.process.signalCode).toBe("SIGKILL");
      const before = seen.published();
      await until(() => seen.published() > before + 50, settleMs);
      await seen.settle(settleMs);
      expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
      expect(seen.confirmed()).toBeGreaterThan(50);
    },
    patienceMs,
  );

  it(
    "at random moments, and started again: the same",
    async () => {
      const kills = Number(process.env["PRISM_KILLS"] ?? (soaking ? 50 : 2));
      const random = seeded(`${kills} kills`);
      await queue("kill-random", "one");
      const three = [...standing, await proxies.start("three")];
      const seen = witness({
        namespace: "kill-random",
        token: proxies.token,
        addresses: () => three.map(({ address }) => address),
      });
      for (let kill = 0; kill < kills; kill++) {
        await pause(500 + random() * 2_000);
        const at = Math.floor(random() * three.length);
        const victim = three[at] as ProxyProcess;
        victim.process.kill("SIGKILL");
        await victim.ended;
        three[at] = await proxies.start(victim.id);
      }
      standing = three.slice(0, 2);
      await seen.settle(settleMs);
      expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
    },
    patienceMs,
  );
});

describe("a relay's leader that is paused and wakes up again", () => {
  it(
    "neither reorders nor doubles anything, also when another has led meanwhile",
    async () => {
      const pauses = Number(process.env["PRISM_PAUSES"] ?? (soaking ? 1_000 : 200));
      const random = seeded(`${pauses} pauses`);
      await queue("paused", "one");
      const seen = witness({
        namespace: "paused",
        token: proxies.token,
        addresses: () => standing.map(({ address }) => address),
      });
      await until(() => seen.confirmed() > 50, settleMs);
      const [leader] = standing;
      const paused = async (pauseMs: number): Promise<void> => {
        leader?.process.kill("SIGSTOP");
        await pause(pauseMs);
        leader?.process.kill("SIGCONT");
        await pause(10 + random() * 40);
      };
      for (let at = 0; at < pauses; at++) await paused(5 + random() * 45);
      // Longer than its connection may be silent: another has led when it wakes up.
      for (const pauseMs of [1_000, 7_500]) await paused(pauseMs);
      await seen.settle(settleMs);
      expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
    },
    patienceMs,
  );
});

/** The same seed, the same moments. */
function seeded(what: string): () => number {
  const seed = Number(process.env["PRISM_SEED"] ?? Date.now() % 1_000_000);
  console.log(`${what} at random moments: PRISM_SEED=${seed}`);
  return randomOf(seed);
}
