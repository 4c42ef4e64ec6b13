import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServerWritableStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import { v5, v7 } from "uuid";
import { PrismError } from "../domain/errors.ts";
import {
  type AcknowledgeRequest,
  type AcknowledgeResponse,
  AcknowledgeResponseSchema,
  type Message,
  type PublishRequest,
  type PublishResponse,
  PublishResponseSchema,
  type SubscribeRequest,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Calls, Operation } from "./calls.ts";
import { consume, deliver } from "./consume.ts";
import type { Group } from "./group.ts";
import { grpcStatus } from "./grpc-error.ts";
import type { Message as ToPublish } from "./message.ts";
import { checkPublish } from "./queue-request.ts";
import { parseReceipt, receiptElsewhere } from "./receipt.ts";
import type { Served } from "./served.ts";

type QueueDependencies = { readonly calls: Calls; readonly clock?: () => number };

const operation = (name: string, need: Operation["need"]): Operation => ({ api: "queue", name, need });

/** prism.v1.QueueService. */
export function queueService({ calls, clock = Date.now }: QueueDependencies): UntypedServiceImplementation {
  const publish = async (request: PublishRequest, { served }: Admitted): Promise<PublishResponse> => {
    checkPublish(request, served.entry);
    const message = messageOf(request, served, clock());
    const { offset, recordedAtMs = message.publishedAtMs } = await served.publish(message);
    return create(PublishResponseSchema, {
      messageId: message.id,
      offset,
      recordedAt: timestampFromMs(recordedAtMs),
    });
  };

  return {
    publish: calls.unary(operation("Publish", "write"), publish),
    consume: calls.stream(operation("Consume", "read"), consume),
    subscribe: calls.stream(
      operation("Subscribe", "read"),
      (call: ServerWritableStream<SubscribeRequest, Message>, admitted, course) =>
        deliver(call, call.request, admitted, course),
    ),
    acknowledge: calls.unary(operation("Acknowledge", "read"), acknowledge),
    publishStream: notBuilt("PublishStream", "acknowledgements in order over one stream"),
    publishLarge: notBuilt("PublishLarge", "claim check, which carries large payloads past the broker"),
    fetchPayload: notBuilt("FetchPayload", "claim check, which carries large payloads past the broker"),
  };
}

/** With an idempotency key the id follows from it: whoever publishes again, also after a crash, says the same id. */
function messageOf(request: PublishRequest, { entry, idempotent }: Served, publishedAtMs: number): ToPublish {
  const { topic, payload, metadata, key, idempotencyKey } = request;
  const once = idempotencyKey !== "";
  if (once && !idempotent) throw noDeduplication(entry.namespace);
  const id = once
    ? v5(`${entry.namespace}/${entry.incarnation}/${topic}/${idempotencyKey}`, names)
    : v7({ msecs: publishedAtMs });
  return { id, topic, key, payload, metadata, publishedAtMs, headers: {}, once };
}

const names = "1d0c4ad8-2f0b-5d0a-8a5e-0c6b1f2f3e90";

const noDeduplication = (namespace: string): PrismError =>
  new PrismError(
    "UNIMPLEMENTED",
    `'${namespace}' has no log, and idempotent publish without one is not built yet`,
    {
      details: {
        field: "idempotency_key",
        missing: "deduplication without wal or replay-store",
        recommendation: "Publish without it",
      },
    },
  );

/** Answers when it is committed: what is confirmed does not come again, whatever dies. */
async function acknowledge(request: AcknowledgeRequest, { served }: Admitted): Promise<AcknowledgeResponse> {
  const touched = new Set<Group>();
  let late = false;
  for (const text of request.receipt) {
    const receipt = parseReceipt(text);
    const group = served.groups.holding(receipt);
    touched.add(group);
    if (!group.acknowledge(receipt)) late = true;
  }
  await Promise.all([...touched].map((group) => group.committed()));
  if (late) throw receiptElsewhere("its message was taken back and comes again");
  return create(AcknowledgeResponseSchema);
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
