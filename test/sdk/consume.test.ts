import { EventEmitter } from "node:events";
import { create } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ErrorCode, PrismError as Refusal } from "../../domain/errors.ts";
import { MessageSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { grpcStatus } from "../../proxy/grpc-error.ts";
import type { Connection } from "../../sdk/typescript/connection.ts";
import { queue } from "../../sdk/typescript/queue.ts";

type Ending = ErrorCode | "expired";

/** `expired`: let in, and ended with its token before its group stood. */
const refused = (ending: Ending) => {
  const why =
    ending === "expired"
      ? new Refusal("UNAUTHENTICATED", "the token has expired", { details: { let_in: true } })
      : new Refusal(ending, "no place");
  return Object.assign(new Error(ending), grpcStatus(why)) as ServiceError;
};

/** A consumer whose streams end so, one after the other; `message`: with one that is delivered. */
function consuming(...streams: readonly (Ending | "message")[]) {
  let opened = 0;
  const open = async () => {
    const answer = streams[Math.min(opened++, streams.length - 1)] ?? "message";
    const call = Object.assign(new EventEmitter(), {
      write() {},
      end: () => call.emit("status"),
      cancel() {},
    });
    setImmediate(() => {
      if (answer === "message") {
        call.emit("metadata");
        call.emit("data", create(MessageSchema, { messageId: "m", receipt: "m" }));
        return;
      }
      call.emit("error", refused(answer));
      call.emit("status");
    });
    return call;
  };
  const connection = {
    ...{ open, route: async () => "proxy:1", avoid: () => {}, elsewhere: async () => false, close: () => {} },
  } as unknown as Connection;
  const messages = queue(connection).consume("t", { group: "g" });
  return { messages, opened: () => opened };
}

/** What comes of it, however long it waits. */
async function outcome<T>(asked: Promise<T>): Promise<T> {
  let over = false;
  const end = () => {
    over = true;
  };
  asked.then(end, end);
  while (!over) await vi.advanceTimersByTimeAsync(100);
  return asked;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("a consumer that finds no place", () => {
  it("waits until there is one", async () => {
    const { messages, opened } = consuming("RATE_LIMITED", "RATE_LIMITED", "RATE_LIMITED", "message");
    await outcome(messages.ready);
    expect((await outcome(messages.next())).value?.id).toBe("m");
    expect(opened()).toBe(4);
    await outcome(messages.return());
  });

  it("asks for its token again where that expired while its group was made, and is told where it has no better", async () => {
    const renewed = consuming("expired", "expired", "message");
    await outcome(renewed.messages.ready);
    expect(renewed.opened()).toBe(3);
    await outcome(renewed.messages.return());
    const { messages, opened } = consuming("expired", "UNAUTHENTICATED");
    await expect(outcome(messages.ready)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(opened()).toBe(2);
  });

  it("ends when it is left", async () => {
    const { messages, opened } = consuming("RATE_LIMITED");
    messages.ready.catch(() => {});
    const next = messages.next();
    for (let at = 0; at < 100 && opened() < 3; at++) await vi.advanceTimersByTimeAsync(100);
    expect(opened()).toBe(3);
    await outcome(messages.return());
    expect(await outcome(next)).toMatchObject({ done: true });
  });

  it("does not wait for what no waiting mends", async () => {
    const { messages } = consuming("FORBIDDEN");
    messages.ready.catch(() => {});
    const next = messages.next();
    next.catch(() => {});
    await expect(outcome(next)).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});
