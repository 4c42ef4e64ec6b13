import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { prism } from "../../sdk/typescript/prism.ts";
import { rawClient } from "../proxy/raw-client.ts";
import { rawConsumer } from "../proxy/raw-consumer.ts";
import { otlpReceiver, type ReceivedSpan } from "../setup/otlp-receiver.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

let stack: TestPrism;
let collector: Awaited<ReturnType<typeof otlpReceiver>>;

beforeAll(async () => {
  collector = await otlpReceiver();
  stack = await testPrism({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } });
}, 120_000);
afterAll(async () => {
  await stack?.close();
  await collector?.close();
});

const caller = () => ({ trace: randomBytes(16).toString("hex"), span: randomBytes(8).toString("hex") });
const textOf = ({ trace, span }: ReturnType<typeof caller>): string => `00-${trace}-${span}-01`;

/** Spans of a trace by their names, once all of `names` have come. */
async function spansOf(trace: string, ...names: string[]) {
  const all = () => collector.spans.filter(({ traceId }) => traceId === trace);
  await until(() => names.every((name) => all().some((span) => span.name === name)), 60_000);
  const named = (name: string): ReceivedSpan => {
    const found = all().find((span) => span.name === name);
    if (found === undefined) throw new Error(`no span ${name}`);
    return found;
  };
  return { all: all(), named };
}

/** What programs publish at the same moment over one stream, and a relay sends at once, is each part of its own trace. */
async function fromPrograms(name: string, token: string): Promise<void> {
  let current: ReturnType<typeof caller> | undefined = caller();
  const asked = current;
  const client = prism({
    namespace: name,
    discovery: stack.api.replace(/^http/, "api"),
    token,
    traceparent: () => current && textOf(current),
  });
  await client.control.namespaces.get(name);
  const path = "GET /api/v1/namespaces/:ns";
  expect((await spansOf(asked.trace, path)).named(path).parentSpanId).toBe(asked.span);
  const consumption = client.queue.consume("t", { group: "programs" });
  await consumption.ready;

  // At the same moment: on one stream, and most likely in one batch of the relay.
  const publishers = [caller(), caller(), caller()];
  await Promise.all(
    [...publishers, undefined].map((publisher, at) => {
      current = publisher;
      return client.queue.publish("t", at);
    }),
  );
  const delivered = new Map<number, string | undefined>();
  while (delivered.size < 4) {
    const { value } = await consumption.next();
    delivered.set(value.json(), value.metadata["traceparent"]);
    await value.ack();
  }
  for (const [at, publisher] of publishers.entries()) {
    const names = ["QueueService.PublishStream", "wal-pattern", "QueueService.Deliver"];
    const { named } = await spansOf(publisher.trace, ...names);
    const [publish, logged, delivery] = names.map(named);
    expect(publish).toMatchObject({ parentSpanId: publisher.span, process: "prism-proxy" });
    expect(logged?.parentSpanId).toBe(publish?.spanId);
    expect(delivered.get(at)).toBe(`00-${publisher.trace}-${delivery?.spanId}-01`);
    // What a relay sends is of many: it names them.
    const batch = () =>
      collector.spans.filter(({ links }) => links.includes(`${publisher.trace}/${publish?.spanId}`));
    await until(() => batch().length > 0, 60_000);
    expect(batch()).toMatchObject([
      { name: "relay.batch", process: "prism-proxy", kind: 4, attributes: { "prism.namespace": name } },
    ]);
    expect(batch()[0]?.parentSpanId).toBe("");
  }
  await consumption.return();
  client.close();
}

describe("a trace", () => {
  it("goes from who asks for a namespace through the API and its workflow to every activity, and from publish by relay to delivery", async () => {
    const name = stack.name("traced");
    const token = await stack.token(member);
    const asked = caller();
    const response = await fetch(`${stack.api}/api/v1/namespaces`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        prefer: "wait=60",
        traceparent: textOf(asked),
      },
      body: JSON.stringify(queueRequest(name)),
    });
    const path = `${stack.api}/api/v1/namespaces/${name}`;
    const look = async () =>
      (await (await fetch(path, { headers: { authorization: `Bearer ${token}` } })).json()) as {
        status: string;
      };
    await until(async () => (await look()).status === "active", 120_000);

    const created = await spansOf(asked.trace, "POST /api/v1/namespaces", "RunActivity:activate");
    const post = created.named("POST /api/v1/namespaces");
    expect(post).toMatchObject({
      process: "prism-api",
      parentSpanId: asked.span,
      kind: 2,
      attributes: { "http.response.status_code": String(response.status) },
    });
    const start = created.named("StartWorkflow:createNamespace");
    expect(start).toMatchObject({ parentSpanId: post.spanId, attributes: { "prism.namespace": name } });
    const activities = created.all.filter((span) => span.name.startsWith("RunActivity:"));
    expect(new Set(activities.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([start.spanId]));
    expect(new Set(activities.map(({ process }) => process))).toEqual(new Set(["prism-worker"]));
    const steps = activities.map(({ attributes }) => attributes["prism.step"]);
    expect(steps).toEqual(expect.arrayContaining(["begin", "reserve-quota", "probe", "activate"]));

    const published = caller();
    const address = `127.0.0.1:${stack.environment["PRISM_PROXY_PORT"]}`;
    const metadata = { authorization: `Bearer ${token}`, "prism-namespace": name };
    const raw = rawClient(address, { ...metadata, traceparent: textOf(published) });
    await raw.unary(QueueService.method.publish, { topic: "t", payload: Buffer.from("1") });
    raw.close();
    const open = { topic: "t", group: "g", start: { start: { case: "earliest", value: {} } } } as const;
    const consumer = rawConsumer(rawClient(address, metadata), open);
    await until(() => consumer.got.length === 1, 60_000);

    const queue = await spansOf(
      published.trace,
      "QueueService.Publish",
      "wal-pattern",
      "QueueService.Deliver",
    );
    const publish = queue.named("QueueService.Publish");
    expect(publish).toMatchObject({
      process: "prism-proxy",
      parentSpanId: published.span,
      kind: 2,
      attributes: { "prism.namespace": name, "prism.api": "queue", "prism.operation": "Publish" },
    });
    expect(queue.named("wal-pattern").parentSpanId).toBe(publish.spanId);
    const delivery = queue.named("QueueService.Deliver");
    expect(delivery).toMatchObject({ parentSpanId: publish.spanId, kind: 5 });
    // What a consumer does can go on with it.
    const [message] = consumer.got as [Message];
    expect(message.metadata).toEqual({ traceparent: `00-${published.trace}-${delivery.spanId}-01` });
    await consumer.stop();
    await fromPrograms(name, token);
  }, 300_000);

  it("tells of a refusal by its code, and is none where its caller has not sampled it", async () => {
    const token = await stack.token({ teams: ["marketing-team"] });
    const address = stack.environment["PRISM_PROXY_PORT"] ?? "";
    const [seen, unseen] = [caller(), caller()];
    for (const traceparent of [textOf(unseen).replace(/01$/, "00"), textOf(seen)]) {
      const metadata = { authorization: `Bearer ${token}`, "prism-namespace": "not-there", traceparent };
      const raw = rawClient(`127.0.0.1:${address}`, metadata);
      await expect(raw.unary(QueueService.method.publish, { topic: "t" })).rejects.toThrow();
      raw.close();
    }
    const { named } = await spansOf(seen.trace, "QueueService.Publish");
    expect(named("QueueService.Publish")).toMatchObject({ failed: true });
    expect(collector.spans.filter(({ traceId }) => traceId === unseen.trace)).toEqual([]);
  }, 90_000);
});
