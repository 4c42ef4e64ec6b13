import { EventEmitter } from "node:events";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EntrySchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import { LargeChunkSchema, PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "../../proxy/admission.ts";
import type { Course } from "../../proxy/calls.ts";
import { limits } from "../../proxy/limits.ts";
import { publish } from "../../proxy/publish.ts";
import { publishLarge } from "../../proxy/publish-large.ts";
import { turns } from "../../proxy/turns.ts";

const roomBytes = 64 * 1024;

/** A proxy with room for 64 KiB of a namespace, whose backend answers when the test says so. */
function stage() {
  const entry = create(EntrySchema, {
    namespace: "orders",
    limits: { writeRps: 1_000, maxMessageBytes: 1_000_000n },
  });
  const answered = Promise.withResolvers<void>();
  const served = { entry, publish: () => answered.promise.then(() => ({ offset: "0" })) };
  const admitted = { served, caller: { subject: "service:a" } } as unknown as Admitted;
  const publishing = {
    limits: limits({ proxies: () => 1, namespaceBytes: roomBytes }),
    turns: turns(),
    clock: () => 0,
    check: () => {},
  };
  const send = (request: MessageInitShape<typeof PublishRequestSchema>) =>
    publish(publishing, create(PublishRequestSchema, { topic: "t", ...request }), admitted).then(
      () => "published",
      (error: { code: string }) => error.code,
    );
  const upload = () => {
    const call = new EventEmitter();
    const course = { signal: new AbortController().signal } as Course;
    const done = publishLarge(publishing, call as Parameters<typeof publishLarge>[1], admitted, course).then(
      () => "published",
      (error: { code: string }) => error.code,
    );
    const chunk = (of: MessageInitShape<typeof LargeChunkSchema>["chunk"]) =>
      call.emit("data", create(LargeChunkSchema, of === undefined ? {} : { chunk: of }));
    chunk({ case: "header", value: { topic: "t" } });
    return {
      done,
      data: (bytes: number) => chunk({ case: "data", value: new Uint8Array(bytes) }),
      end: () => call.emit("end"),
    };
  };
  return { send, upload, answer: () => answered.resolve() };
}

describe("the room for what is published", () => {
  it("is taken by a message's metadata, too", async () => {
    const { send, answer } = stage();
    const metadata = { "what-it-is-about": "x".repeat(24 * 1024) };
    const sent = [send({ metadata }), send({ metadata }), send({ metadata })];
    answer();
    expect(await Promise.all(sent)).toEqual(["published", "published", "RATE_LIMITED"]);
  });

  it("is taken by a payload in parts as they come", async () => {
    const { send, upload, answer } = stage();
    const large = upload();
    large.data(roomBytes / 2);
    const small = send({ payload: new Uint8Array(roomBytes / 2) });
    answer();
    expect(await small).toBe("RATE_LIMITED");
    large.end();
    expect(await large.done).toBe("published");
    expect(await send({ payload: new Uint8Array(roomBytes / 2) })).toBe("published");
  });

  it("is given back by a payload in parts that is refused, whatever comes after", async () => {
    const { send, upload, answer } = stage();
    const large = upload();
    large.data(roomBytes);
    expect(await large.done).toBe("RATE_LIMITED");
    large.data(roomBytes / 2);
    answer();
    expect(await send({ payload: new Uint8Array(roomBytes - 1_024) })).toBe("published");
  });

  it("is taken by parts as small as they may be", async () => {
    const { upload } = stage();
    const large = upload();
    for (let at = 0; at < 1_000; at++) large.data(1);
    expect(await large.done).toBe("RATE_LIMITED");
  });
});
