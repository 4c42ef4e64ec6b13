import { beforeAll, expect, it } from "vitest";
import type { Message } from "../../sdk/typescript/consumption.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { as, kafkaTopic, startProxy } from "./stage.ts";

const mebibyte = 1024 * 1024;
const messages = 80;
const payload = "x".repeat(40_000);
const patience = 60_000;

let control: ControlPlane;
let topic: string;
let proxy: Awaited<ReturnType<typeof startProxy>>;

beforeAll(async () => {
  [control, topic] = await Promise.all([controlPlane(), kafkaTopic(3)]);
  control.put(queueEntry("orders", topic));
  proxy = await startProxy(control, { namespaceDeliveryBytes: mebibyte });
  await control.acknowledged();
});

async function shown(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${proxy.operatorPort}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name}{namespace="orders"`));
  return Number(line?.split(" ")[1]);
}

/** Takes all it gets; what it holds it acknowledges when it is told to. */
function consumer(group: string, holdsAll: boolean) {
  const client = as("reader", "orders", proxy);
  const consumption = client.queue.consume("t", { group, from: "earliest", credit: 1_000 });
  const got = new Set<number>();
  const held: Message[] = [];
  let holds = holdsAll;
  const run = (async () => {
    for await (const message of consumption) {
      got.add(message.json<{ at: number }>().at);
      if (holds) held.push(message);
      else await message.ack();
    }
  })();
  return {
    got,
    ready: consumption.ready,
    async letGo(): Promise<void> {
      holds = false;
      await Promise.all(held.map((message) => message.ack()));
    },
    async stop(): Promise<void> {
      await consumption.return();
      await run;
      client.close();
    },
  };
}

it("is bounded for many groups on Kafka: one that acknowledges nothing neither fills it nor stops the others", async () => {
  const stuck = consumer("stuck", true);
  const working = ["a", "b", "c", "d"].map((group) => consumer(group, false));
  await Promise.all([stuck, ...working].map(({ ready }) => ready));
  let most = 0;
  const looking = setInterval(async () => {
    most = Math.max(most, await shown("prism_delivery_buffered_bytes").catch(() => 0));
  }, 20);
  const writer = as("writer", "orders", proxy);
  await Promise.all(Array.from({ length: messages }, (_, at) => writer.queue.publish("t", { at, payload })));
  await until(() => working.every(({ got }) => got.size === messages), patience);
  // It has the room to itself now, and more waits for it than fits.
  await until(() => most > mebibyte / 2, patience);
  await until(async () => (await shown("prism_delivery_pauses_total")) > 0, patience);
  expect(stuck.got.size).toBeLessThan(messages);
  await stuck.letGo();
  await until(() => stuck.got.size === messages, patience);
  clearInterval(looking);
  // What came over in one answer from each partition is the most that can be beyond it, for each group.
  expect(most).toBeLessThan(mebibyte + 5 * 1.2 * mebibyte);
  await Promise.all([stuck, ...working].map(({ stop }) => stop()));
  await until(async () => (await shown("prism_delivery_buffered_bytes")) === 0, patience);
  writer.close();
}, 180_000);
