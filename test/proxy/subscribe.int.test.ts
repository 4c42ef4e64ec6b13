import { setTimeout as pause } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Message as Delivered,
  FetchPayloadRequestSchema,
  SubscribeRequestSchema,
} from "../../proto/gen/prism/v1/message_pb.js";
import { ConsumeRequestSchema, QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { rawClient, refusalOf } from "./raw-client.ts";
import { as, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let narrow: string;
let one: Awaited<ReturnType<typeof startProxy>>;
let two: Awaited<ReturnType<typeof startProxy>>;

beforeAll(async () => {
  control = await controlPlane();
  narrow = await kafkaTopic(1);
  control.put(queueEntry("narrow", narrow));
  one = await startProxy(control);
  two = await startProxy(control, { proxyId: "proxy-2" });
  await control.acknowledged();
});

/** As a program in another language calls: without our SDK. */
const raw = (who: string, proxy = one) =>
  rawClient(proxy.address, { authorization: `Bearer ${who}`, "prism-namespace": "narrow" });
const refusal = async (call: ReturnType<ReturnType<typeof raw>["subscribe"]>) => {
  call.on("data", () => {});
  return refusalOf(await new Promise<ServiceError>((resolve) => call.once("error", resolve)));
};

describe("Subscribe", () => {
  it("delivers, and Acknowledge answers when it is committed", async () => {
    const writer = as("writer", "narrow", one);
    await Promise.all([0, 1, 2, 3].map((value) => writer.queue.publish("subscribed", value)));
    writer.close();
    const reader = raw("reader");
    const request = create(SubscribeRequestSchema, {
      topic: "subscribed",
      group: "g",
      start: { start: { case: "earliest", value: {} } },
    });
    const call = reader.subscribe<Delivered>(QueueService.method.subscribe, request);
    call.on("error", () => {});
    const got: Delivered[] = [];
    call.on("data", (message: Delivered) => got.push(message));
    await vi.waitUntil(() => got.length === 4, 60_000);
    const receipt = got.slice(0, 3).map((message) => message.receipt);
    const left = JSON.parse(Buffer.from(got[3]?.payload ?? "").toString());
    await reader.unary(QueueService.method.acknowledge, { receipt });
    await reader.unary(QueueService.method.acknowledge, { receipt });
    call.cancel();

    const elsewhere = as("reader", "narrow", two);
    const rest = elsewhere.queue.consume("subscribed", { group: "g", from: "earliest", credit: 10 });
    const again: number[] = [];
    const run = (async () => {
      for await (const message of rest) again.push(message.json<number>());
    })();
    await vi.waitUntil(() => again.length > 0, 60_000);
    await pause(300);
    // It may have come twice, while the partition moved.
    expect(new Set(again)).toEqual(new Set([left]));
    await rest.return();
    await run;
    elsewhere.close();
    reader.close();
  });

  it("refuses receipts that are another proxy's, of a call that ended, or none", async () => {
    const [reader, elsewhere] = [raw("reader"), raw("reader", two)];
    const writer = as("writer", "narrow", one);
    await writer.queue.publish("receipts", 1);
    writer.close();
    const request = create(SubscribeRequestSchema, {
      topic: "receipts",
      group: "g",
      start: { start: { case: "earliest", value: {} } },
    });
    const call = reader.subscribe<Delivered>(QueueService.method.subscribe, request);
    call.on("error", () => {});
    const receipt = await new Promise<string>((resolve) =>
      call.once("data", (message: Delivered) => resolve(message.receipt)),
    );
    const acknowledge = QueueService.method.acknowledge;
    expect(await elsewhere.refused(acknowledge, { receipt: [receipt] })).toMatchObject({
      status: "FAILED_PRECONDITION",
      reason: "RECEIPT_ELSEWHERE",
    });
    call.cancel();
    await vi.waitFor(
      async () =>
        expect(await reader.refused(acknowledge, { receipt: [receipt] })).toMatchObject({
          reason: "RECEIPT_ELSEWHERE",
        }),
      60_000,
    );
    expect(await reader.refused(acknowledge, { receipt: ["nonsense"] })).toMatchObject({
      reason: "INVALID_CONFIGURATION",
    });
    reader.close();
    elsewhere.close();
  });
});

describe("what makes no sense", () => {
  it("is refused: payloads that only claim check could carry", async () => {
    const owner = raw("owner");
    const call = owner.subscribe(QueueService.method.fetchPayload, create(FetchPayloadRequestSchema));
    expect((await refusal(call)).reason).toBe("UNIMPLEMENTED");
    owner.close();
  });

  it("is refused: a second open, a stream that does not begin with one", async () => {
    const owner = raw("owner");
    const twice = owner.stream<Delivered>(QueueService.method.consume);
    const open = create(SubscribeRequestSchema, { topic: "t", group: "g" });
    twice.write(create(ConsumeRequestSchema, { request: { case: "open", value: open } }));
    twice.write(create(ConsumeRequestSchema, { request: { case: "open", value: {} } }));
    expect(await refusal(twice)).toMatchObject({
      reason: "INVALID_CONFIGURATION",
      details: { field: "open" },
    });
    const unopened = owner.stream<Delivered>(QueueService.method.consume);
    unopened.write(create(ConsumeRequestSchema, { request: { case: "credit", value: 1 } }));
    expect((await refusal(unopened)).reason).toBe("INVALID_CONFIGURATION");
    owner.close();
  });
});
