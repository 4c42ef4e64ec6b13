import { beforeAll, describe, expect, it } from "vitest";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { rawClient, refusalOf } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { data, kafkaTopic, startProxy } from "./stage.ts";

const limits = { maxMessageBytes: 1_000n, writeRps: 20, readRps: 10, connections: 2 };

let control: ControlPlane;
let topic: string;
let proxy: Awaited<ReturnType<typeof startProxy>>;

beforeAll(async () => {
  control = await controlPlane();
  [topic] = await Promise.all([kafkaTopic(2), (await data()).provision("slow")]);
  control.put(queueEntry("slow", topic, { patterns: logged, limits }));
  proxy = await startProxy(control);
  await control.acknowledged();
});

const client = () => rawClient(proxy.address, { authorization: "Bearer owner", "prism-namespace": "slow" });
const earliest = { start: { case: "earliest", value: {} } } as const;

describe("a namespace's limits", () => {
  it("refuse writes above its rate, and say when to try again", async () => {
    const raw = client();
    const [count, began] = [200, performance.now()];
    const answers = await Promise.allSettled(
      Array.from({ length: count }, () => raw.unary(QueueService.method.publish, { topic: "t" })),
    );
    const refused = answers.flatMap((each) => (each.status === "rejected" ? [refusalOf(each.reason)] : []));
    // A second's worth at once, and what has come since.
    const seconds = (performance.now() - began) / 1_000;
    expect(count - refused.length).toBeGreaterThanOrEqual(limits.writeRps);
    expect(count - refused.length).toBeLessThanOrEqual(limits.writeRps * (1 + seconds) + 1);
    expect(refused[0]).toMatchObject({ status: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED" });
    expect(Number(refused[0]?.details["retry_after_ms"])).toBeGreaterThan(0);
    raw.close();
  });

  it("slow down reads to its rate", async () => {
    const started = performance.now();
    const consumer = rawConsumer(client(), { topic: "t", group: "g", start: earliest });
    await until(() => consumer.got.length >= 19);
    // A second's worth at once, the rest at ten a second.
    expect(performance.now() - started).toBeGreaterThan(700);
    await consumer.stop();
  });

  it("bound its open streams", async () => {
    const streams = [1, 2].map(() => rawConsumer(client(), { topic: "open", group: "g" }));
    await Promise.all(streams.map(({ ready }) => ready));
    const third = rawConsumer(client(), { topic: "open", group: "g" });
    expect(await third.ended).toMatchObject({
      reason: "RATE_LIMITED",
      details: { field: "needs.concurrent_connections" },
    });
    await Promise.all(streams.map(({ stop }) => stop()));
  });
});
