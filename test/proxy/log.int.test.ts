import { setTimeout as pause } from "node:timers/promises";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, it } from "vitest";
import { backlog, closeLog, rewindRelay, sentAgainMs } from "../../backends/write-ahead-log/operate.ts";
import { type ProbeResponse, ProbeService, State } from "../../proto/gen/prism/control/v1/control_pb.js";
import type { PublishResponse } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { toPeer } from "../../runtime/mutual-tls.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { identityOf } from "./identities.ts";
import { rawClient, refusalOf } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { data, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let one: Awaited<ReturnType<typeof startProxy>>;
let two: Awaited<ReturnType<typeof startProxy>>;

/** A durable queue with replay of this test alone. */
async function queue(
  namespace: string,
  more: Parameters<typeof queueEntry>[2] & { partitions?: number } = {},
) {
  const { partitions = 3, ...rest } = more;
  const [topic] = await Promise.all([kafkaTopic(partitions), (await data()).provision(namespace)]);
  control.put(queueEntry(namespace, topic, { patterns: logged, ordered: true, ...rest }));
  await control.acknowledged();
}

beforeAll(async () => {
  control = await controlPlane();
  one = await startProxy(control);
  two = await startProxy(control, { proxyId: "proxy-2" });
});

const metadata = (namespace: string) => ({ authorization: "Bearer owner", "prism-namespace": namespace });

async function publish(
  to: { address: string },
  namespace: string,
  request: { topic: string; payload?: Uint8Array; key?: string; idempotencyKey?: string },
): Promise<PublishResponse> {
  const raw = rawClient(to.address, metadata(namespace));
  try {
    return (await raw.unary(QueueService.method.publish, request)) as PublishResponse;
  } finally {
    raw.close();
  }
}
const text = (value: string | number) => Buffer.from(String(value));
const consume = (from: { address: string }, namespace: string, topic: string, group = "g", start = {}) =>
  rawConsumer(rawClient(from.address, metadata(namespace)), {
    topic,
    group,
    start: { start: { case: "earliest", value: {} }, ...start },
  });

describe("a queue with a log", () => {
  it("delivers what was published, with the offset it was answered, from whichever proxy to whichever", async () => {
    await queue("through");
    const published = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        publish(at % 2 === 0 ? one : two, "through", { topic: "t", payload: text(at), key: `k${at % 4}` }),
      ),
    );
    const [first, second] = [consume(one, "through", "t"), consume(two, "through", "t")];
    const got = () => [...first.got, ...second.got];
    await until(() => got().length >= 60);
    const answered = new Map(published.map(({ messageId, offset }) => [messageId, offset]));
    expect(new Map(got().map(({ messageId, offset }) => [messageId, offset]))).toEqual(answered);
    expect([...answered.values()].every((offset) => /^w\.\d+$/.test(offset))).toBe(true);
    await Promise.all([first.stop(), second.stop()]);
  });

  it("keeps each key's positions in order", async () => {
    await queue("in-order");
    const publishing = [one, two].map(async (proxy, from) => {
      for (let at = 0; at < 40; at++) {
        await Promise.all(
          ["a", "b", "c"].map((key) =>
            publish(proxy, "in-order", { topic: "t", key, payload: text(`${from}.${at}`) }),
          ),
        );
      }
    });
    const consumer = consume(two, "in-order", "t", "g");
    await Promise.all(publishing);
    await until(() => consumer.got.length === 240);
    for (const key of ["a", "b", "c"]) {
      const positions = consumer.got
        .filter((message) => message.key === key)
        .map(({ offset }) => Number(offset.slice(2)));
      expect(positions).toEqual([...positions].sort((x, y) => x - y));
    }
    await consumer.stop();
  });

  it("adds one with the same key of idempotence once, whichever proxy it is said to", async () => {
    await queue("idempotent");
    const request = { topic: "t", payload: text("order 1"), idempotencyKey: "order-1" };
    const answers = await Promise.all(
      [one, two, one, two].map((proxy) => publish(proxy, "idempotent", request)),
    );
    const other = await publish(one, "idempotent", { ...request, idempotencyKey: "order-2" });
    const elsewhere = await publish(one, "idempotent", { ...request, topic: "u" });
    expect(new Set(answers.map(({ messageId, offset }) => `${messageId} ${offset}`)).size).toBe(1);
    expect(new Set([answers[0], other, elsewhere].map((answer) => answer?.messageId)).size).toBe(3);
    const consumer = consume(two, "idempotent", "t");
    await until(() => consumer.got.length === 2);
    await pause(300);
    expect(consumer.got.map(({ messageId }) => messageId)).toEqual([answers[0]?.messageId, other.messageId]);
    await consumer.stop();
  });

  it("passes the probe before anybody is served", async () => {
    await queue("probed", { state: State.PROBING, partitions: 20, ordered: false });
    const identity = await identityOf({ role: "control", name: "worker" });
    const raw = rawClient(
      `127.0.0.1:${two.probePort}`,
      {},
      toPeer(identity, () => true),
    );
    const probe = () =>
      raw
        .unary(ProbeService.method.probe, { namespace: "probed", incarnation: 1 })
        .then((answer) => (answer as ProbeResponse).offset, refusalOf);
    // It gives up after five seconds, and the control plane asks again.
    let answer = await probe();
    for (let more = 5; more > 0 && typeof answer !== "string"; more--) {
      expect(answer.message).toContain("nothing came back");
      answer = await probe();
    }
    expect(answer).toMatch(/^w\.[1-6]$/);
    raw.close();
  });

  it("takes messages while Kafka is away, and delivers them when it is back", async () => {
    await queue("away");
    const alone = await startProxy(control, { proxyId: "proxy-3", kafkaBrokers: ["127.0.0.1:1"] });
    await control.acknowledged();
    await Promise.all([one.stop(), two.stop()]);
    const published = [];
    for (let at = 0; at < 20; at++) {
      published.push(await publish(alone, "away", { topic: "t", key: "k", payload: text(at) }));
    }
    const metrics = async (proxy: { operatorPort: number }) =>
      (await fetch(`http://127.0.0.1:${proxy.operatorPort}/metrics`)).text();
    await until(async () => /wal_pending_count\{namespace="away"\} 20\b/.test(await metrics(alone)));
    expect(await metrics(alone)).toMatch(/prism_pattern_wal_lag_seconds\{namespace="away"\} [0-9.]*[1-9]/);
    await alone.stop();
    one = await startProxy(control);
    two = await startProxy(control, { proxyId: "proxy-2" });
    await control.acknowledged();
    const consumer = consume(one, "away", "t");
    await until(() => consumer.got.length === 20);
    expect(consumer.got.map(({ offset }) => offset)).toEqual(published.map(({ offset }) => offset));
    await consumer.stop();
    await until(async () => /wal_pending_count\{namespace="away"\} 0\b/.test(await metrics(one)));
    expect(await metrics(one)).toMatch(/wal_relayed_total\{namespace="away"\} \d+/);
    await publish(one, "away", { topic: "t" });
    expect(await metrics(one)).toMatch(/chain_duration_seconds_count\{namespace="away",pattern="wal"\} 1\b/);
  });

  it("sends again what a broker may have lost, and nobody is delivered it twice", async () => {
    await queue("rewound");
    const { pool } = await data();
    const consumer = consume(two, "rewound", "t");
    for (let at = 0; at < 20; at++) {
      await publish(one, "rewound", { topic: "t", key: `k${at % 3}`, payload: text(at) });
    }
    await until(() => consumer.got.length === 20);
    const of = { namespace: "rewound", incarnation: 1 };
    await until(async () => (await backlog(pool, of)) === 0);
    const rewound = await rewindRelay(pool, { ...of, table: "wal_rewound", windowMs: sentAgainMs });
    expect(rewound).toEqual({ messages: 20, from: "1" });
    await publish(two, "rewound", { topic: "t", key: "k1", payload: text("after") });
    await until(async () => (await backlog(pool, of)) === 0);
    await until(() => consumer.got.length > 20);
    await pause(500);
    expect(consumer.got.slice(20).map(({ payload }) => Buffer.from(payload).toString())).toEqual(["after"]);
    await consumer.stop();
    // Whoever begins now comes by all of them twice, and is shown each once.
    const late = consume(one, "rewound", "t", "late");
    await until(() => late.got.length >= 21);
    await pause(500);
    expect(late.got).toHaveLength(21);
    await late.stop();
  });

  it("is closed to whoever publishes once its fence is up", async () => {
    await queue("closing");
    await publish(one, "closing", { topic: "t" });
    const { pool } = await data();
    await closeLog(pool, { namespace: "closing", incarnation: 1 });
    await expect(publish(two, "closing", { topic: "t" })).rejects.toMatchObject({
      details: expect.stringContaining("closed"),
    });
  });
});

describe("a group that begins somewhere", () => {
  it("begins at an offset, at a time, at what is to come, and says when nothing is kept", async () => {
    await queue("replayed");
    const published: PublishResponse[] = [];
    for (let at = 0; at < 10; at++) {
      published.push(await publish(one, "replayed", { topic: "t", key: `k${at}`, payload: text(at) }));
      await pause(5);
    }
    const sixth = published[6];
    const values = async (group: string, start: object, count: number) => {
      const consumer = consume(two, "replayed", "t", group, { start });
      await until(() => consumer.got.length >= count);
      await pause(300);
      await consumer.stop();
      return consumer.got.map(({ payload }) => Number(Buffer.from(payload))).sort((a, b) => a - b);
    };
    expect(await values("offset", { case: "offset", value: sixth?.offset }, 4)).toEqual([6, 7, 8, 9]);
    expect(await values("time", { case: "time", value: sixth?.recordedAt }, 4)).toEqual([6, 7, 8, 9]);
    expect(await values("ever", { case: "time", value: timestampFromMs(0) }, 10)).toHaveLength(10);
    expect(await values("future", { case: "time", value: timestampFromMs(Date.now() + 60_000) }, 0)).toEqual(
      [],
    );

    // Alone, a replay store is the log itself.
    await queue("kept", { patterns: logged.slice(1) });
    const kept = [];
    for (const at of [1, 2, 3])
      kept.push(await publish(two, "kept", { topic: "t", key: "k", payload: text(at) }));
    const again = consume(one, "kept", "t", "g", { start: { case: "offset", value: kept[1]?.offset } });
    await until(() => again.got.length === 2);
    expect(again.got.map(({ offset }) => offset)).toEqual(kept.slice(1).map(({ offset }) => offset));
    await again.stop();

    await queue("unkept", { patterns: logged.slice(0, 1) });
    const refused = consume(one, "unkept", "t", "g", { start: { case: "offset", value: "w.1" } });
    expect(await refused.ended).toMatchObject({ reason: "REPLAY_NOT_ENABLED" });
    const wrong = consume(one, "replayed", "t", "wrong", { start: { case: "offset", value: "k.1.1" } });
    expect(await wrong.ended).toMatchObject({ reason: "INVALID_CONFIGURATION" });
  });

  it("begins at a time that nothing is as late as yet, and misses nothing until it stands", async () => {
    await queue("from-now");
    await publish(one, "from-now", { topic: "t", key: "k", payload: text("before") });
    const { pool } = await data();
    await until(async () => (await backlog(pool, { namespace: "from-now", incarnation: 1 })) === 0);
    const time = timestampFromMs(Date.now());
    const consumer = consume(two, "from-now", "t", "g", { start: { case: "time", value: time } });
    let stands = false;
    void consumer.ready.then(() => {
      stands = true;
    });
    const published: string[] = [];
    for (let more = 5; more > 0; more -= stands ? 1 : 0) {
      // Time to look up the beginning, and not enough to join.
      await pause(40);
      const { offset } = await publish(one, "from-now", { topic: "t", key: "k" });
      published.push(offset);
    }
    await until(() => consumer.got.at(-1)?.offset === published.at(-1));
    expect(consumer.got.map(({ offset }) => offset)).toEqual(published);
    await consumer.stop();
  });

  it("begins with the first one at nought, with the next one beyond the last, and nowhere at no number", async () => {
    await queue("at-offsets");
    const from = (offset: string) =>
      consume(two, "at-offsets", "t", `from-${offset}`, { start: { case: "offset", value: offset } });
    const publishNext = () => publish(one, "at-offsets", { topic: "t", key: "k" });
    for (let count = 0; count < 3; count++) await publishNext();
    const [first, beyond] = [from("w.0"), from("w.1000")];
    await Promise.all([first.ready, beyond.ready]);
    await publishNext();
    await until(() => first.got.length >= 4 && beyond.got.length >= 1);
    expect(first.got.map(({ offset }) => offset)).toEqual(["w.1", "w.2", "w.3", "w.4"]);
    expect(beyond.got.map(({ offset }) => offset)).toEqual(["w.4"]);
    await Promise.all([first.stop(), beyond.stop()]);
    expect(await from("w.9999999999999999999").ended).toMatchObject({ reason: "INVALID_CONFIGURATION" });
  });
});
