import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { PrismError } from "../../domain/errors.ts";
import { EntrySchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import { PublishRequestSchema, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { NackSchema } from "../../proto/gen/prism/v1/queue_pb.js";
import { checkNack, checkPublish, checkSubscribe } from "../../proxy/queue-request.ts";

const entry = create(EntrySchema, { namespace: "orders", limits: { maxMessageBytes: 1_000n } });

const refusal = (check: () => unknown): unknown => {
  try {
    check();
  } catch (error) {
    const { code, details } = error as PrismError;
    return [code, details["field"]];
  }
  return "taken";
};

const publishing = (more: MessageInitShape<typeof PublishRequestSchema>): unknown =>
  refusal(() => checkPublish(create(PublishRequestSchema, { topic: "t", ...more }), entry));
const subscribing = (more: MessageInitShape<typeof SubscribeRequestSchema>): unknown =>
  refusal(() => checkSubscribe(create(SubscribeRequestSchema, { topic: "t", group: "g", ...more })));
const time = { start: { case: "time", value: {} } } as const;
const offset = { start: { case: "offset", value: "k.0.1" } } as const;

describe("a publish", () => {
  it.each([
    ["a plain topic", { topic: "orders.v1_eu-west" }, "taken"],
    ["a topic of 200 characters", { topic: "t".repeat(200) }, "taken"],
    ["a payload at the limit", { payload: new Uint8Array(1_000) }, "taken"],
    ["metadata of any text", { metadata: { note: "grüß dich" } }, "taken"],
    ["no topic", { topic: "" }, ["INVALID_CONFIGURATION", "topic"]],
    ["a topic too long", { topic: "t".repeat(201) }, ["INVALID_CONFIGURATION", "topic"]],
    ["a topic with a slash", { topic: "a/b" }, ["INVALID_CONFIGURATION", "topic"]],
    ["Prism's own topic", { topic: "prism-probe" }, ["INVALID_CONFIGURATION", "topic"]],
    ["dead letters", { topic: "orders.dead-letter" }, ["INVALID_CONFIGURATION", "topic"]],
    ["a payload too large", { payload: new Uint8Array(1_001) }, ["PAYLOAD_TOO_LARGE", "payload"]],
    ["a key too long", { key: "k".repeat(1_025) }, ["INVALID_CONFIGURATION", "key"]],
    [
      "Prism's metadata",
      { metadata: { "prism-claim": "x" } },
      ["INVALID_CONFIGURATION", "metadata.prism-claim"],
    ],
    [
      "Prism's metadata in capitals",
      { metadata: { "Prism-id": "x" } },
      ["INVALID_CONFIGURATION", "metadata.Prism-id"],
    ],
    ["a metadata key with spaces", { metadata: { "a b": "x" } }, ["INVALID_CONFIGURATION", "metadata.a b"]],
    ["too much metadata", { metadata: { a: "x".repeat(40_000) } }, ["INVALID_CONFIGURATION", "metadata"]],
    ["an idempotency key", { idempotencyKey: "1" }, "taken"],
    [
      "an idempotency key too long",
      { idempotencyKey: "k".repeat(1_025) },
      ["INVALID_CONFIGURATION", "idempotency_key"],
    ],
  ])("with %s", (_, more, answer) => {
    expect(publishing(more)).toEqual(answer);
  });

  it("with too many metadata entries is refused", () => {
    const metadata = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, "v"]));
    expect(publishing({ metadata })).toEqual(["INVALID_CONFIGURATION", "metadata"]);
  });
});

describe("a subscription", () => {
  it("begins at latest with a credit of 100 unless told otherwise", () => {
    const wanted = checkSubscribe(create(SubscribeRequestSchema, { topic: "t", group: "g" }));
    expect(wanted).toEqual({ topic: "t", group: "g", start: "latest", credit: 100 });
  });

  it("may read dead letters, never Prism's own topics", () => {
    expect(subscribing({ topic: "orders.dead-letter" })).toBe("taken");
    expect(subscribing({ topic: "prism-probe" })).toEqual(["INVALID_CONFIGURATION", "topic"]);
  });

  it("needs a group", () => {
    expect(subscribing({ group: "" })).toEqual(["INVALID_CONFIGURATION", "group"]);
  });

  it("starts where it says", () => {
    const startOf = (start: typeof time | typeof offset) =>
      checkSubscribe(create(SubscribeRequestSchema, { topic: "t", group: "g", start })).start;
    expect([startOf(offset), startOf(time)]).toEqual([{ offset: "k.0.1" }, { timeMs: 0 }]);
  });
});

describe("a refusal of a message", () => {
  const nacking = (seconds: number) => () =>
    checkNack(create(NackSchema, { receipt: [], delay: { seconds: BigInt(seconds), nanos: 0 } }));

  it("may put it off, for twelve hours at most", () => {
    expect(nacking(90)()).toEqual({ delayMs: 90_000, reason: "it was refused" });
    expect(refusal(nacking(43_201))).toEqual(["INVALID_CONFIGURATION", "nack.delay"]);
    expect(refusal(nacking(-1))).toEqual(["INVALID_CONFIGURATION", "nack.delay"]);
  });
});
