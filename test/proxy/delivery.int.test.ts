import { setTimeout as pause } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, it } from "vitest";
import { type Message as Delivered, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { ConsumeRequestSchema, QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Message } from "../../sdk/typescript/consumption.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { rawClient } from "./raw-client.ts";
import { as, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let one: Awaited<ReturnType<typeof startProxy>>;
let two: Awaited<ReturnType<typeof startProxy>>;
let topics: readonly string[];

beforeAll(async () => {
  control = await controlPlane();
  topics = await Promise.all([kafkaTopic(1), kafkaTopic(6)]);
  control.put(queueEntry("narrow", topics[0] ?? ""));
  control.put(queueEntry("wide", topics[1] ?? ""));
  one = await startProxy(control);
  two = await startProxy(control, { proxyId: "proxy-2" });
  await control.acknowledged();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const publish = async (namespace: string, topic: string, count: number) => {
  const client = as("writer", namespace, one);
  await Promise.all(numbers(count).map((value) => client.queue.publish(topic, value)));
  client.close();
};
const metadata = (who: string, namespace: string) => ({
  authorization: `Bearer ${who}`,
  "prism-namespace": namespace,
});

/** What it got, acknowledged. With `most` of them it rests until it is told to go on. */
function consumer(client: ReturnType<typeof as>, topic: string, group: string, most = 10_000) {
  const consumption = client.queue.consume(topic, { group, from: "earliest", credit: 10 });
  const got: number[] = [];
  const rest = Promise.withResolvers<void>();
  const run = (async () => {
    for await (const message of consumption) {
      await message.ack();
      got.push(message.json<number>());
      if (got.length >= most) await rest.promise;
    }
  })();
  return {
    got,
    ready: consumption.ready,
    goOn: rest.resolve,
    async stop(): Promise<void> {
      rest.resolve();
      await consumption.return();
      await run;
    },
  };
}

describe("unacknowledged messages", () => {
  it("come again to the next consumer of the group, acknowledged ones do not", async () => {
    await publish("narrow", "again", 20);
    const client = as("reader", "narrow", one);
    const first = client.queue.consume("again", { group: "g", from: "earliest" });
    for (const at of numbers(20)) {
      const message = (await first.next()).value as Message;
      expect(message).toMatchObject({ attempt: 1 });
      if (at < 12) await message.ack();
    }
    await first.return();
    const second = client.queue.consume("again", { group: "g", from: "earliest" });
    const values: number[] = [];
    for (const _ of numbers(8)) values.push(((await second.next()).value as Message).json());
    expect(values).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
    await second.return();
  });

  it("come again where a consumer vanishes without a word, also on another proxy", async () => {
    await publish("narrow", "vanish", 5);
    const raw = rawClient(one.address, metadata("reader", "narrow"));
    const call = raw.stream<Delivered>(QueueService.method.consume);
    call.on("error", () => {});
    const open = create(SubscribeRequestSchema, {
      topic: "vanish",
      group: "g",
      credit: 3,
      start: { start: { case: "earliest", value: {} } },
    });
    call.write(create(ConsumeRequestSchema, { request: { case: "open", value: open } }));
    const got: Delivered[] = [];
    call.on("data", (message: Delivered) => got.push(message));
    await until(() => got.length === 3);
    const receipt = got.slice(0, 2).map((message) => message.receipt);
    call.write(create(ConsumeRequestSchema, { request: { case: "ack", value: { receipt } } }));
    // The others come in the place of those two: the acknowledgement was heard.
    await until(() => got.length === 5);
    call.cancel();
    const rest = consumer(as("owner", "narrow", two), "vanish", "g");
    await until(() => rest.got.length === 3);
    expect(rest.got).toEqual([2, 3, 4]);
    await rest.stop();
  });

  it("are never passed over by a later acknowledgement", async () => {
    await publish("narrow", "gap", 5);
    const consumption = as("reader", "narrow", one).queue.consume("gap", { group: "g", from: "earliest" });
    for (const at of numbers(5)) {
      const message = (await consumption.next()).value as Message;
      if (at === 3) await message.ack();
    }
    await pause(300);
    await consumption.return();
    const rest = consumer(as("owner", "narrow", two), "gap", "g");
    await until(() => [0, 1, 2, 4].every((value) => rest.got.includes(value)));
    await rest.stop();
  });

  it("go on to the other consumers of the proxy, which see that it was tried before", async () => {
    await publish("narrow", "attempts", 1);
    const client = as("owner", "narrow", one);
    const first = client.queue.consume("attempts", { group: "g", from: "earliest" });
    expect((await first.next()).value).toMatchObject({ attempt: 1 });
    const second = client.queue.consume("attempts", { group: "g", from: "earliest" });
    await second.ready;
    const next = second.next();
    await first.return();
    expect((await next).value).toMatchObject({ attempt: 2 });
    await second.return();
  });
});

describe("a group", () => {
  it("shares one partition among the consumers of a proxy", async () => {
    const pair = [
      consumer(as("reader", "narrow", one), "shared", "g"),
      consumer(as("owner", "narrow", one), "shared", "g"),
    ];
    await Promise.all(pair.map(({ ready }) => ready));
    await publish("narrow", "shared", 200);
    await until(() => pair.flatMap(({ got }) => got).length === 200);
    await Promise.all(pair.map(({ stop }) => stop()));
    expect(pair.flatMap(({ got }) => got).sort((a, b) => a - b)).toEqual(numbers(200));
    for (const { got } of pair) expect(got.length).toBeGreaterThan(20);
  });

  it("shares the partitions among proxies, and loses nothing when they move", async () => {
    await publish("wide", "moving", 1_500);
    // Nobody takes all before the others have their partitions, however long that takes.
    const first = consumer(as("reader", "wide", one), "moving", "g", 300);
    await until(() => first.got.length === 300);
    const second = consumer(as("reader", "wide", two), "moving", "g", 100);
    await until(() => second.got.length === 100);
    await first.stop();
    const third = consumer(as("owner", "wide", one), "moving", "g");
    await until(() => third.got.length > 0);
    second.goOn();
    const all = () => new Set([first, second, third].flatMap(({ got }) => got));
    await until(() => all().size === 1_500);
    await Promise.all([second.stop(), third.stop()]);
  });

  it("does not go back behind what another member has committed", async () => {
    await publish("wide", "forward", 300);
    const first = consumer(as("reader", "wide", one), "forward", "g", 100);
    await until(() => first.got.length === 100);
    const second = consumer(as("reader", "wide", two), "forward", "g");
    await until(() => second.got.length > 0);
    first.goOn();
    await until(() => new Set([...first.got, ...second.got]).size === 300);
    // One after the other: what is acknowledged while partitions move may come again.
    await first.stop();
    await second.stop();
    // All is acknowledged and committed: a member that comes now finds nothing.
    const late = consumer(as("owner", "wide", one), "forward", "g");
    await late.ready;
    await pause(700);
    expect(late.got).toEqual([]);
    await late.stop();
  });

  it("gets all of a topic, whatever other groups and topics there are", async () => {
    await publish("narrow", "both", 30);
    const groups = ["g1", "g2"].map((group) => consumer(as("reader", "narrow", one), "both", group));
    await until(() => groups.every(({ got }) => got.length === 30));
    await Promise.all(groups.map(({ stop }) => stop()));
    // Dots in names: group c of topic a.b is not group b.c of topic a.
    await publish("narrow", "a.b", 2);
    const dotted = consumer(as("reader", "narrow", one), "a.b", "c");
    const other = consumer(as("reader", "narrow", one), "a", "b.c");
    await until(() => dotted.got.length === 2);
    await Promise.all([dotted.stop(), other.stop()]);
    expect(other.got).toEqual([]);
  });

  it("that begins at latest gets what is published once it stands, also if nobody acknowledged it then", async () => {
    await publish("narrow", "late", 5);
    const client = as("owner", "narrow", one);
    const first = client.queue.consume("late", { group: "g" });
    await first.ready;
    await client.queue.publish("late", "new");
    expect(((await first.next()).value as Message).json()).toBe("new");
    await first.return();
    await client.queue.publish("late", "between");
    const second = client.queue.consume("late", { group: "g" });
    const values = [
      ((await second.next()).value as Message).json(),
      ((await second.next()).value as Message).json(),
    ];
    expect(values).toEqual(["new", "between"]);
    await second.return();
  });
});

describe("credit", () => {
  it("bounds what is under way; an acknowledgement or more credit lets the next come", async () => {
    await publish("narrow", "credit", 30);
    const raw = rawClient(one.address, metadata("reader", "narrow"));
    const call = raw.stream<Delivered>(QueueService.method.consume);
    const got: Delivered[] = [];
    call.on("data", (message: Delivered) => got.push(message));
    const open = create(SubscribeRequestSchema, {
      topic: "credit",
      group: "g",
      credit: 3,
      start: { start: { case: "earliest", value: {} } },
    });
    call.write(create(ConsumeRequestSchema, { request: { case: "open", value: open } }));
    await until(() => got.length === 3);
    await pause(300);
    expect(got.length).toBe(3);
    const receipt = [got[0]?.receipt ?? ""];
    call.write(create(ConsumeRequestSchema, { request: { case: "ack", value: { receipt } } }));
    await until(() => got.length === 4);
    call.write(create(ConsumeRequestSchema, { request: { case: "credit", value: 5 } }));
    await until(() => got.length === 9);
    await pause(300);
    expect(got.length).toBe(9);
    call.end();
    await new Promise((resolve) => call.once("end", resolve));
    raw.close();
  });

  it("keeps a slow consumer from filling the proxy, and loses nothing", async () => {
    const writer = as("writer", "narrow", one);
    const block = new Uint8Array(200_000);
    await Promise.all(numbers(60).map(() => writer.queue.publish("large", block)));
    const client = as("reader", "narrow", one);
    let count = 0;
    for await (const message of client.queue.consume("large", { group: "g", from: "earliest", credit: 4 })) {
      await pause(5);
      await message.ack();
      if (++count === 60) break;
    }
    expect(count).toBe(60);
  });
});
