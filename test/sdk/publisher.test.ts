import { EventEmitter } from "node:events";
import { create } from "@bufbuild/protobuf";
import { Metadata, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { type PublishRequest, PublishResponseSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { grpcMethod } from "../../proto/grpc.ts";
import type { Connection } from "../../sdk/typescript/connection.ts";
import { queue } from "../../sdk/typescript/queue.ts";

const mebibyte = 1024 * 1024;
const { requestSerialize } = grpcMethod(QueueService.method.publishStream);

/** A proxy that reads frames of 16 MiB, as grpc-js does: what is larger ends the stream with all that is on it. */
function proxy() {
  const open = async () => {
    const call = Object.assign(new EventEmitter(), {
      end() {},
      cancel() {},
      write(frame: PublishRequest) {
        const bytes = requestSerialize(frame).byteLength;
        setImmediate(() => {
          if (bytes <= 16 * mebibyte) {
            const [first, ...more] = [frame, ...frame.more].map(() => create(PublishResponseSchema));
            call.emit("data", { ...first, more });
          } else {
            const details = `Received message larger than max (${bytes} vs 16777216)`;
            const metadata = new Metadata();
            call.emit(
              "error",
              Object.assign(new Error(details), { code: status.RESOURCE_EXHAUSTED, details, metadata }),
            );
          }
        });
        return true;
      },
    });
    return call;
  };
  const connection = { open, route: async () => "proxy:1", avoid() {}, elsewhere: async () => false };
  return queue(connection as unknown as Connection);
}

const codes = (answers: readonly PromiseSettledResult<unknown>[]) =>
  answers.map((answer) => (answer.status === "fulfilled" ? "published" : answer.reason.code));

it("what no proxy can read is refused by itself, and costs its neighbours nothing", async () => {
  const { publish } = proxy();
  const answers = await Promise.allSettled([
    publish("t", "before"),
    publish("t", new Uint8Array(16 * mebibyte)),
    publish("t", new Uint8Array(16 * mebibyte - 1_024)),
    publish("t", "", { metadata: { note: "ä".repeat(9 * mebibyte) } }),
    publish("t", "after"),
  ]);
  expect(codes(answers)).toEqual([
    "published",
    "PAYLOAD_TOO_LARGE",
    "published",
    "PAYLOAD_TOO_LARGE",
    "published",
  ]);
});

it("metadata counts where several share a frame", async () => {
  const { publish } = proxy();
  const metadata = { note: "x".repeat(mebibyte) };
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => publish("t", "", { metadata })));
  expect(new Set(codes(answers))).toEqual(new Set(["published"]));
});
