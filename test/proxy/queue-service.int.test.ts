import { setTimeout as pause } from "node:timers/promises";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { beforeAll, describe, expect, it } from "vitest";
import {
  LargeChunkSchema,
  PublishRequestSchema,
  type PublishResponse,
} from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { rawClient, refusalOf } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { data, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;

async function queue(namespace: string, more: Parameters<typeof queueEntry>[2] = {}) {
  const [topic] = await Promise.all([kafkaTopic(2), (await data()).provision(namespace)]);
  control.put(queueEntry(namespace, topic, { patterns: logged, ...more }));
  await control.acknowledged();
}

beforeAll(async () => {
  control = await controlPlane();
  proxy = await startProxy(control);
  await queue("answered");
});

const client = (namespace = "answered", who = "owner", at: { address: string } = proxy) =>
  rawClient(at.address, { authorization: `Bearer ${who}`, "prism-namespace": namespace });
const earliest = { start: { case: "earliest", value: {} } } as const;
const textOf = ({ payload }: { payload: Uint8Array }) => Buffer.from(payload).toString();

/** A stream of publishes, and what was answered. */
function publishing(raw: ReturnType<typeof rawClient>) {
  const call = raw.stream<PublishResponse>(QueueService.method.publishStream);
  const answers: PublishResponse[] = [];
  call.on("data", (answer: PublishResponse) => answers.push(answer));
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    call.once("error", (error: ServiceError) => resolve(error));
    call.once("end", () => resolve(undefined));
  });
  return {
    answers,
    ended,
    send: (request: MessageInitShape<typeof PublishRequestSchema>) =>
      call.write(create(PublishRequestSchema, request)),
    end: () => call.end(),
  };
}

describe("a publish", () => {
  it("whose name is cut through a character in its refusal costs nobody else anything", async () => {
    const raw = client();
    const publish = (topic: string) => raw.unary(QueueService.method.publish, { topic });
    const refused = await publish(`${"a".repeat(199)}\u{1F600}`).catch(refusalOf);
    expect(refused).toMatchObject({ reason: "INVALID_CONFIGURATION", details: { field: "topic" } });
    expect(await publish("after")).toMatchObject({ messageId: expect.stringMatching(/./) });
    raw.close();
  });
});

describe("a stream of publishes", () => {
  it("is answered in order, and a refused item in its place", async () => {
    const raw = client();
    const stream = publishing(raw);
    for (let at = 0; at < 300; at++) {
      const topic = at % 50 === 7 ? "not/a/topic" : "stream";
      stream.send({ topic, payload: Buffer.from(String(at)), idempotencyKey: String(at) });
    }
    stream.end();
    expect(await stream.ended).toBeUndefined();
    expect(stream.answers).toHaveLength(300);
    const refused = stream.answers.flatMap(({ error }, at) =>
      error === undefined ? [] : [[at, error.code]],
    );
    expect(refused).toEqual([7, 57, 107, 157, 207, 257].map((at) => [at, "INVALID_CONFIGURATION"]));
    const consumer = rawConsumer(client(), { topic: "stream", group: "g", start: earliest });
    // On a busy machine some come again before they are read.
    await until(() => new Set(consumer.got.map(({ messageId }) => messageId)).size === 294);
    const delivered = new Map(consumer.got.map((message) => [message.messageId, textOf(message)]));
    for (const [at, { messageId, error }] of stream.answers.entries()) {
      if (error === undefined) expect(delivered.get(messageId)).toBe(String(at));
    }
    await consumer.stop();
    raw.close();
  });

  it("may bring several in one message, which are answered together, each in its place", async () => {
    const raw = client();
    const stream = publishing(raw);
    const item = (text: string, topic = "together") => ({ topic, payload: Buffer.from(text) });
    stream.send({ ...item("a"), more: [item("b"), item("refused", "not/a/topic"), item("c")] });
    stream.send(item("d"));
    // One in another and too many are refused as a whole.
    stream.send({ ...item("x"), more: [{ ...item("y"), more: [item("z")] }] });
    stream.send({ ...item("x"), more: Array.from({ length: 1_001 }, () => item("y")) });
    stream.end();
    expect(await stream.ended).toBeUndefined();
    const codes = stream.answers.map((frame) => [frame, ...frame.more].map(({ error }) => error?.code ?? ""));
    const refused = "INVALID_CONFIGURATION";
    expect(codes).toEqual([["", "", refused, ""], [""], ["", refused], [refused]]);
    const alone = { ...item("x"), more: [item("y")] };
    expect(await raw.refused(QueueService.method.publish, alone)).toMatchObject({ reason: refused });
    const consumer = rawConsumer(client(), { topic: "together", group: "g", start: earliest });
    const got = () => [...new Set(consumer.got.map(textOf))].sort();
    await until(() => got().length >= 5);
    expect(got()).toEqual(["a", "b", "c", "d", "x"]);
    await consumer.stop();
    raw.close();
  });

  it("ends with its token, and says so", async () => {
    const raw = client("answered", "brief");
    const stream = publishing(raw);
    stream.send({ topic: "brief" });
    const error = await stream.ended;
    expect(error && refusalOf(error)).toMatchObject({
      reason: "UNAUTHENTICATED",
      details: { let_in: "true" },
    });
    expect(stream.answers).toHaveLength(1);
    raw.close();
  });
});

describe("a large payload", () => {
  const upload = (namespace: string, parts: number, header: object = { topic: "large" }) => {
    const raw = client(namespace);
    let taken = 0;
    const answer = new Promise<PublishResponse>((resolve, reject) => {
      const call = raw.upload<PublishResponse>(QueueService.method.publishLarge, (error, response) =>
        error ? reject(refusalOf(error)) : resolve(response as PublishResponse),
      );
      call.write(
        create(LargeChunkSchema, { chunk: { case: "header", value: create(PublishRequestSchema, header) } }),
      );
      const value = Buffer.alloc(100_000, 1);
      const send = (): void => {
        if (taken === parts || call.destroyed) return void call.end();
        taken++;
        call.write(create(LargeChunkSchema, { chunk: { case: "data", value } }));
        setTimeout(send, 1);
      };
      send();
    });
    answer.catch(() => {});
    return { answer: answer.finally(() => raw.close()), taken: () => taken };
  };

  it("comes in parts, and is delivered as one", async () => {
    const { offset } = await upload("answered", 8).answer;
    const consumer = rawConsumer(client(), { topic: "large", group: "g", start: earliest });
    await until(() => consumer.got.length > 0);
    expect([consumer.got[0]?.payload.byteLength, consumer.got[0]?.offset]).toEqual([800_000, offset]);
    await consumer.stop();
  });

  it("is refused while it streams in once it is more than the namespace takes", async () => {
    const { answer, taken } = upload("answered", 500);
    await expect(answer).rejects.toMatchObject({
      reason: "PAYLOAD_TOO_LARGE",
      details: { field: "payload" },
    });
    expect(taken()).toBeLessThan(400);
  });

  it("is refused with what is missing once it is more than a broker takes", async () => {
    const limits = { maxMessageBytes: 50_000_000n, writeRps: 1_000, readRps: 1_000, connections: 10 };
    await queue("large", { limits });
    await expect(upload("large", 60).answer).rejects.toMatchObject({
      reason: "UNIMPLEMENTED",
      details: { missing: "claim-check" },
    });
  });
});

// Side by side: each waits for something else.
describe.concurrent("a message that nobody can work on", () => {
  it("is redelivered on nack, after its delay, and in the end is a dead letter with its reason", async () => {
    const raw = client();
    await raw.unary(QueueService.method.publish, { topic: "poison", payload: Buffer.from("x"), key: "k" });
    const consumer = rawConsumer(client(), {
      topic: "poison",
      group: "g",
      start: earliest,
      acknowledges: () => false,
    });
    const delayMs = 400;
    const tookMs: number[] = [];
    let since = performance.now();
    for (let attempt = 1; attempt <= 5; attempt++) {
      await until(() => consumer.got.length === attempt, 30_000, 5);
      tookMs[attempt] = performance.now() - since;
      since = performance.now();
      const message = consumer.got.at(-1);
      expect(message?.attempt).toBe(attempt);
      if (message) consumer.nack(message, attempt === 2 ? delayMs : 0, "no such order");
    }
    // A timer may be a moment early.
    expect(tookMs[3]).toBeGreaterThan(delayMs - 10);
    const dead = rawConsumer(client(), { topic: "poison.dead-letter", group: "g", start: earliest });
    await until(() => dead.got.length === 1);
    expect(dead.got[0]).toMatchObject({ key: "k", topic: "poison.dead-letter", attempt: 1 });
    expect(dead.got[0]?.metadata).toMatchObject({
      "prism-dead-letter-group": "g",
      "prism-dead-letter-reason": "no such order",
      "prism-dead-letter-attempts": "5",
      "prism-dead-letter-message-id": consumer.got[0]?.messageId,
    });
    await Promise.all([consumer.stop(), dead.stop()]);
    raw.close();
  });

  it("comes again when it is not acknowledged in time, unless more time was asked for", async () => {
    const hasty = await startProxy(control, { proxyId: "hasty", ackDeadlineMs: 3_000 });
    await control.acknowledged();
    const raw = client();
    for (const at of [1, 2]) {
      await raw.unary(QueueService.method.publish, { topic: "late", payload: Buffer.from(String(at)) });
    }
    const consumer = rawConsumer(client("answered", "owner", hasty), {
      topic: "late",
      group: "g",
      start: earliest,
      acknowledges: () => false,
    });
    await until(() => consumer.got.length === 2);
    const kept = consumer.got.find((message) => textOf(message) === "1");
    const extending = setInterval(() => kept && consumer.extend(kept), 200);
    await until(() => consumer.got.length === 3);
    expect([textOf(consumer.got[2] ?? { payload: Buffer.alloc(0) }), consumer.got[2]?.attempt]).toEqual([
      "2",
      2,
    ]);
    clearInterval(extending);
    if (kept) consumer.ack(kept);
    await consumer.stop();
    raw.close();
  });

  it("is counted on when its proxy dies, and what was acknowledged out of order does not come again", async () => {
    const mortal = await startProxy(control, { proxyId: "proxy-2" });
    await queue("mortal", { ordered: false });
    const calling = (proxy: { address: string }) =>
      rawClient(proxy.address, { authorization: "Bearer owner", "prism-namespace": "mortal" });
    const raw = calling(mortal);
    for (let at = 0; at < 6; at++) {
      await raw.unary(QueueService.method.publish, {
        topic: "t",
        key: "k",
        payload: Buffer.from(String(at)),
      });
    }
    const first = rawConsumer(calling(mortal), {
      topic: "t",
      group: "g",
      start: earliest,
      acknowledges: () => false,
    });
    await until(() => first.got.length === 6);
    const [bad, ...others] = first.got;
    first.ack(...others.filter((_, at) => at % 2 === 0));
    if (bad) first.nack(bad, 0, "");
    await until(() => first.got.length === 7);
    await pause(900);
    await mortal.stop();
    const next = await startProxy(control, { proxyId: "proxy-3" });
    await control.acknowledged();
    const second = rawConsumer(calling(next), {
      topic: "t",
      group: "g",
      start: earliest,
      acknowledges: () => false,
    });
    await until(() => second.got.length === 3);
    await pause(200);
    expect(second.got.map((message) => [textOf(message), message.attempt]).sort()).toEqual([
      ["0", 2],
      ["2", 1],
      ["4", 1],
    ]);
    await second.stop();
    raw.close();
  });
});
