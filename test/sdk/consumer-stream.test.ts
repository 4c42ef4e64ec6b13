import { EventEmitter } from "node:events";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MessageSchema } from "../../proto/gen/prism/v1/message_pb.js";
import type { ConsumeRequest } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Connection } from "../../sdk/typescript/connection.ts";
import {
  type ConsumeOptions,
  type ConsumerStream,
  consumerStream,
} from "../../sdk/typescript/consumer-stream.ts";

const deadlineMs = 30_000;

/** A consumer's stream to a proxy that waits 30 seconds for each message, and what was too late there. */
async function opened(options: Partial<ConsumeOptions> = {}) {
  const due = new Map<string, number>();
  const late: string[] = [];
  const over = (receipt: string): boolean => (due.get(receipt) ?? 0) < performance.now();
  const call = Object.assign(new EventEmitter(), {
    write({ request }: ConsumeRequest) {
      if (request.case === "ack") late.push(...request.value.receipt.filter(over));
      if (request.case !== "extend") return;
      for (const receipt of request.value.receipt) {
        if (!over(receipt)) due.set(receipt, performance.now() + deadlineMs);
      }
    },
    end: () => call.emit("status"),
    cancel: () => {},
  });
  const connection = { open: async () => call, avoid: () => {} } as unknown as Connection;
  const stream = await consumerStream(connection, "t", { group: "g", ...options }, "proxy:1");
  const deliver = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      due.set(`m${at}`, performance.now() + deadlineMs);
      call.emit("data", create(MessageSchema, { messageId: `m${at}`, receipt: `m${at}` }));
    }
  };
  return { stream, call, deliver, late };
}

/** Works on `count` messages, each for `eachMs`; answers which they were. */
async function work(stream: ConsumerStream, count: number, eachMs: number): Promise<(string | undefined)[]> {
  const worked: (string | undefined)[] = [];
  for (let at = 0; at < count; at++) {
    const message = await stream.next();
    worked.push(message?.messageId);
    await vi.advanceTimersByTimeAsync(eachMs);
    stream.acknowledge(message?.receipt ?? "");
    await vi.advanceTimersByTimeAsync(1);
  }
  return worked;
}

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `m${from + at}`);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("what was received and waits for its handler", () => {
  it("is kept from coming again, as what is worked on is", async () => {
    const { stream, deliver, late } = await opened();
    deliver(0, 100);
    expect(await work(stream, 100, 1_000)).toEqual(ids(0, 100));
    expect(late).toEqual([]);
  });

  it("is kept for as long as its consumer takes others, however long one takes", async () => {
    const { stream, deliver, late } = await opened({ holdMs: 60_000 });
    deliver(0, 20);
    expect(await work(stream, 20, 45_000)).toEqual(ids(0, 20));
    expect(late).toEqual([]);
  });

  it("is not handed out once it has run out: it comes again", async () => {
    const { stream, deliver, late } = await opened({ holdMs: 60_000 });
    deliver(0, 3);
    expect(await work(stream, 1, 120_000)).toEqual(["m0"]);
    deliver(3, 5);
    expect(await work(stream, 2, 1_000)).toEqual(["m3", "m4"]);
    expect(late).toEqual(["m0"]);
  });

  it("is handed out as long as the proxy waits for it anyway, and kept from then on", async () => {
    const { stream, deliver, late } = await opened({ holdMs: 10_000 });
    deliver(0, 2);
    expect(await work(stream, 2, 18_000)).toEqual(["m0", "m1"]);
    expect(late).toEqual([]);
  });

  it("is nobody's to work on once the stream has ended: all of it comes again", async () => {
    const { stream, call, deliver } = await opened();
    deliver(0, 3);
    expect(await work(stream, 1, 1)).toEqual(["m0"]);
    call.emit("error", Object.assign(new Error("gone"), { code: 14, details: "gone" }));
    call.emit("status");
    await expect(stream.next()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });
});

describe("a consumer that waits", () => {
  it("gets what comes, each of its questions one message, and is told the end", async () => {
    const { stream, call, deliver } = await opened();
    const asked = [stream.next(), stream.next(), stream.next()];
    await vi.advanceTimersByTimeAsync(1);
    deliver(0, 2);
    await vi.advanceTimersByTimeAsync(1);
    call.emit("status");
    const answers = await Promise.all(asked);
    expect(answers.map((message) => message?.messageId)).toEqual(["m0", "m1", undefined]);
  });
});
