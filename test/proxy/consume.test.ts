import { EventEmitter } from "node:events";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PrismError } from "../../domain/errors.ts";
import { type Message, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "../../proxy/admission.ts";
import type { Course } from "../../proxy/calls.ts";
import { consume, deliver } from "../../proxy/consume.ts";
import { deliveryMemory } from "../../proxy/delivery-memory.ts";
import { groups } from "../../proxy/groups.ts";
import type { Limits } from "../../proxy/limits.ts";
import type { Turns } from "../../proxy/turns.ts";
import { fresh, stored, subscriber } from "./group-stage.ts";
import { memoryLog } from "./memory-log.ts";

const limits = { read: () => 0 } as unknown as Limits;
const soon = () => new Promise((resolve) => setImmediate(resolve));

type Take = (work: () => Promise<unknown>) => Promise<unknown>;

const consuming = (take: Take = (work) => work()) => ({
  limits,
  turns: { take: (_: string, work: () => Promise<unknown>) => take(work) } as Turns,
});

/** A namespace with six messages, where a consumer finds its beginning when the test says so. */
function stage() {
  const memory = memoryLog();
  const located = Promise.withResolvers<"earliest">();
  const served = {
    entry: { namespace: "n" },
    deliver: (consumer: unknown) => consumer,
    locate: () => located.promise,
    groups: groups({
      proxy: "p",
      prefix: "x",
      ordered: false,
      memory: deliveryMemory().open("n"),
      backend: memory.log,
      deadLetter: async () => {},
      troubled: () => {},
    }),
  };
  const ended = new AbortController();
  const course = { signal: ended.signal, opened: () => {}, vanished: () => false, counted: () => {} };
  const written: string[] = [];
  const call = Object.assign(new EventEmitter(), {
    paused: false,
    pause() {
      call.paused = true;
    },
    resume() {
      call.paused = false;
    },
    receipts: [] as string[],
    sendMetadata: () => {},
    write({ messageId, receipt }: Message) {
      call.receipts.push(receipt);
      return written.push(messageId) > 0;
    },
  });
  const start = { start: { case: "offset", value: "w.1" } } as const;
  return {
    call,
    course: course as Course,
    admitted: { served, caller: { subject: "service:a" } } as unknown as Admitted,
    request: create(SubscribeRequestSchema, { topic: "t", group: "g", credit: 100, start }),
    written,
    /** How many of them are committed. */
    acknowledged: async () => Number(memory.committed.at(-1)?.[0] ?? 0n),
    revoke: () => ended.abort(new PrismError("NOT_FOUND", "access was revoked")),
    located: () => located.resolve("earliest"),
    /** Another consumer of the group, who has as many messages as it takes. */
    async busy(): Promise<void> {
      const another = subscriber(1).self;
      await served.groups.join({ topic: "t", group: "g", start: "earliest" }, another);
    },
    async fill(): Promise<void> {
      await soon();
      memory.assign(fresh(0));
      memory.deliver(
        0,
        [0, 1, 2, 3, 4, 5].map((at) => stored(at)),
        6n,
      );
      await soon();
    },
  };
}

describe("a consumer while its group comes to stand", () => {
  it("is written nothing once its access has been taken away", async () => {
    const { call, course, admitted, request, written, revoke, located, busy, fill } = stage();
    await busy();
    await fill();
    const talk = deliver(limits, call, request, admitted, course);
    const refused = expect(talk).rejects.toMatchObject({ code: "NOT_FOUND" });
    await soon();
    revoke();
    located();
    await refused;
    await soon();
    expect(written).toEqual([]);
  });

  it("is not heard: what it says waits outside, however much that is", async () => {
    const { call, course, admitted, request, written, located, fill } = stage();
    const talk = consume(consuming(), call as unknown as Parameters<typeof consume>[1], admitted, course);
    call.emit("data", { request: { case: "open", value: request } });
    await soon();
    expect(call.paused).toBe(true);
    located();
    await fill();
    expect([call.paused, written.length]).toEqual([false, 6]);
    call.emit("end");
    await talk;
  });
});

describe("what a consumer says", () => {
  it("waits for its namespace's turn, a hundred of it at most, and counts before it leaves", async () => {
    const { call, course, admitted, request, located, fill, acknowledged } = stage();
    const waiting: (() => Promise<unknown>)[] = [];
    const busy = consuming(async (work) => void waiting.push(work));
    const talk = consume(busy, call as unknown as Parameters<typeof consume>[1], admitted, course);
    call.emit("data", { request: { case: "open", value: request } });
    located();
    await fill();
    const says = (value: { receipt: string[] }) => call.emit("data", { request: { case: "ack", value } });
    for (const receipt of call.receipts) says({ receipt: [receipt] });
    for (let at = 6; at < 99; at++) says({ receipt: [] });
    expect(call.paused).toBe(false);
    says({ receipt: [] });
    expect([call.paused, await acknowledged()]).toEqual([true, 0]);
    call.emit("end");
    for (const work of waiting) await work();
    await talk;
    expect([call.paused, await acknowledged()]).toEqual([false, 6]);
  });
});
