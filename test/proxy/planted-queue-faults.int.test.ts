import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { figures, soaking } from "../eventstore/soaking.ts";
import { copy } from "../setup/copy.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { fleet } from "./fleet.ts";
import { type Findings, judge } from "./history.ts";
import { type QueueFault, queueFaults } from "./queue-faults.ts";
import { rawClient } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { data, isLed, kafkaTopic } from "./stage.ts";
import { witness } from "./witness.ts";

// Each takes proxies of its own, of sources with a fault in them: all of them are `npm run soak`'s.
const quick = ["answers another place than it delivers"];
const asked = process.env["PRISM_FAULTS"]?.split(",");
const tried = Object.entries(queueFaults).filter(
  ([fault]) => asked?.includes(fault) ?? (soaking || quick.includes(fault)),
);
const settleMs = 150_000;
// What is lost never comes.
const quietMs = 30_000;

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;
beforeAll(async () => {
  control = await controlPlane();
  proxies = await fleet(control);
});

describe("a fault planted in the queue is found by whoever publishes and consumes", () => {
  it.each(tried)(
    "%s",
    async (fault, planted) => {
      const source = await copy([planted.patch]);
      // What comes down to moments may not come at the first try.
      let found: Findings | undefined;
      for (let tries = 3; tries > 0 && (found?.[planted.found] ?? []).length === 0; tries--) {
        found = await seen(
          planted,
          source.folder,
          `fault-${Object.keys(queueFaults).indexOf(fault)}-${tries}`,
        );
      }
      await source.remove();
      figures(`${fault}: ${planted.found} ${found?.[planted.found].length}`);
      expect(found?.[planted.found]).not.toEqual([]);
    },
    900_000,
  );
});

/** What two proxies of that source do to an ordered, durable queue. */
async function seen({ under }: QueueFault, source: string, namespace: string): Promise<Findings> {
  const [one, two] = [`${namespace}-one`, `${namespace}-two`];
  const armed = { PRISM_FAILPOINT: `relay:after:${namespace}:40` };
  const dies = under === "a leader killed before its note";
  const leader = await proxies.start(one, dies ? armed : {}, source);
  const running = [leader, await proxies.start(two, {}, source)];
  await control.acknowledged(settleMs);
  const [topic] = await Promise.all([kafkaTopic(3), (await data()).provision(namespace)]);
  const entry = queueEntry(namespace, topic, { patterns: logged, ordered: true });
  await control.putFirst(entry, one, () => until(() => isLed(namespace), settleMs));

  const addresses = () => running.map(({ address }) => address);
  const { token } = proxies;
  const watched = witness({ namespace, token, addresses, restMs: 2 });
  await until(() => watched.confirmed() > 100, settleMs);
  if (under === "a vanished consumer") await vanish(addresses()[0] ?? "", namespace, token);
  if (under === "a killed leader") leader.process.kill("SIGKILL");
  if (dies || under === "a killed leader") {
    await Promise.race([leader.ended, pause(settleMs)]);
    running[0] = await proxies.start(one, {}, source);
  }
  const before = watched.confirmed();
  await until(() => watched.confirmed() > before + 100, settleMs);
  await watched.settle(quietMs);
  for (const { process } of running) process.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  return judge(watched.history, [watched.group], watched.attempted);
}

/** One more consumer of the witness's group takes some, and is gone without a word. */
async function vanish(address: string, namespace: string, token: string): Promise<void> {
  const raw = rawClient(address, { authorization: `Bearer ${token}`, "prism-namespace": namespace });
  const consumer = rawConsumer(raw, { topic: "t", group: "g", credit: 20, acknowledges: () => false });
  await until(() => consumer.got.length >= 3, settleMs);
  consumer.vanish();
}
