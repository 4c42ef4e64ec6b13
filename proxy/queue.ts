import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import type {
  LargeChunk,
  Message,
  PublishRequest,
  PublishResponse,
  SubscribeRequest,
} from "../proto/gen/prism/v1/message_pb.js";
import { type ConsumeRequest, QueueService } from "../proto/gen/prism/v1/queue_pb.js";
import { grpcService } from "../proto/grpc.ts";
import { acknowledge } from "./acknowledge.ts";
import type { Calls } from "./calls.ts";
import { consume, deliver } from "./consume.ts";
import { grpcStatus } from "./grpc-error.ts";
import type { Limits } from "./limits.ts";
import type { Operation } from "./operation.ts";
import { publishAlone } from "./publish.ts";
import { publishLarge } from "./publish-large.ts";
import { publishStream } from "./publish-stream.ts";
import type { Turns } from "./turns.ts";
import { unread } from "./unread.ts";

type QueueDependencies = {
  readonly calls: Calls;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly clock?: () => number;
};

const operation = (name: string, need: Operation["need"]): Operation => ({ api: "queue", name, need });

/** prism.v1.QueueService, but that calls which wait for their turn come as the bytes they are. */
export const queueDefinition: ServiceDefinition = ((whole) => ({
  ...whole,
  publish: unread(whole["publish"]),
  acknowledge: unread(whole["acknowledge"]),
}))(grpcService(QueueService));

/** What answers it. */
export function queueService({
  calls,
  limits,
  turns,
  clock = Date.now,
}: QueueDependencies): UntypedServiceImplementation {
  const publishing = { limits, turns, clock, check: calls.check };
  return {
    publish: calls.unary(operation("Publish", "write"), (bytes: Uint8Array, admitted) =>
      publishAlone(publishing, bytes, admitted),
    ),
    consume: calls.stream(
      operation("Consume", "read"),
      (call: ServerDuplexStream<ConsumeRequest, Message>, admitted, course) =>
        consume(publishing, call, admitted, course),
    ),
    subscribe: calls.stream(
      operation("Subscribe", "read"),
      (call: ServerWritableStream<SubscribeRequest, Message>, admitted, course) =>
        deliver(limits, call, call.request, admitted, course),
    ),
    acknowledge: calls.unary(operation("Acknowledge", "read"), (bytes: Uint8Array, admitted) =>
      acknowledge(publishing, bytes, admitted),
    ),
    publishStream: calls.stream(
      operation("PublishStream", "write"),
      (call: ServerDuplexStream<PublishRequest, PublishResponse>, admitted, course) =>
        publishStream(publishing, call, admitted, course),
    ),
    publishLarge: calls.upload(
      operation("PublishLarge", "write"),
      (call: ServerReadableStream<LargeChunk, PublishResponse>, admitted, course) =>
        publishLarge(publishing, call, admitted, course),
    ),
    fetchPayload: notBuilt("FetchPayload", "claim check, which carries large payloads past the broker"),
  };
}

type Ended = { emit(event: "error", status: unknown): boolean };

/** Streams answer over their call, the others over the callback. */
const notBuilt =
  (name: string, missing: string) =>
  (call: Ended, callback?: (error: unknown) => void): void => {
    const refusal = new PrismError("UNIMPLEMENTED", `${name} is not built yet: it needs ${missing}`, {
      details: { missing },
    });
    if (callback === undefined) call.emit("error", grpcStatus(refusal));
    else callback(grpcStatus(refusal));
  };
