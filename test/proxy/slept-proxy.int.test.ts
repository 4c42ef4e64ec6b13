import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { fleet, type ProxyProcess } from "./fleet.ts";
import { rawClient } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { data, kafkaTopic } from "./stage.ts";

const patienceMs = 120_000;
const count = 20;
const credit = 5;

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;
let one: ProxyProcess;
let two: ProxyProcess;
let topic: string;

beforeAll(async () => {
  control = await controlPlane();
  proxies = await fleet(control);
  [topic, one, two] = await Promise.all([kafkaTopic(1), proxies.start("one"), proxies.start("two")]);
  await (await data()).provision("slept");
  control.put(queueEntry("slept", topic, { patterns: logged, ordered: true }));
  await control.acknowledged(patienceMs);
}, patienceMs);

const client = ({ address }: ProxyProcess) =>
  rawClient(address, { authorization: `Bearer ${proxies.token}`, "prism-namespace": "slept" });
const start = { start: { case: "earliest" as const, value: {} } };

describe("a proxy that sleeps for longer than its group waits for it", () => {
  it(
    "delivers nothing, when it wakes up, that another has delivered and confirmed meanwhile",
    async () => {
      const publisher = client(two);
      for (let at = 0; at < count; at++)
        await publisher.unary(QueueService.method.publish, {
          topic: "t",
          key: `k${at}`,
          payload: new Uint8Array(),
        });
      const options = { topic: "t", group: "g", start, acknowledges: () => false };
      const asleep = rawConsumer(client(one), { ...options, credit });
      await until(() => asleep.got.length === credit, patienceMs);
      one.process.kill("SIGSTOP");

      const awake = rawConsumer(client(two), { ...options, credit: 100 });
      await until(() => awake.got.length === count, patienceMs);
      await publisher.unary(QueueService.method.acknowledge, {
        receipt: awake.got.map(({ receipt }) => receipt),
      });
      // It finds them when it wakes up, and has room for more.
      asleep.ack(...asleep.got);
      await pause(500);
      one.process.kill("SIGCONT");
      await pause(5_000);
      expect(asleep.got.length).toBe(credit);
      for (const each of [asleep, awake]) each.vanish();
      publisher.close();
    },
    patienceMs,
  );
});
