import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { PrismError } from "../domain/errors.ts";
import {
  type PublishRequest,
  type PublishResponse,
  PublishResponseSchema,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Limits } from "./limits.ts";
import type { Message } from "./message.ts";
import { freshId, idOf } from "./message-id.ts";
import { checkPublish } from "./queue-request.ts";
import type { Served } from "./served.ts";
import { traceHeaders } from "./tracing.ts";

export type Publishing = { readonly limits: Limits; readonly clock: () => number };

/** One message: checked, counted, and answered when the namespace's durability promise holds for it. */
export async function publish(
  { limits, clock }: Publishing,
  request: PublishRequest,
  { served, caller }: Admitted,
): Promise<PublishResponse> {
  checkPublish(request, served.entry);
  limits.write(served.entry, caller.subject);
  const release = limits.hold(served.entry, request.payload.byteLength);
  try {
    const message = messageOf(request, served, clock());
    const { offset, recordedAtMs = message.publishedAtMs } = await served.publish(message);
    return create(PublishResponseSchema, {
      messageId: message.id,
      offset,
      recordedAt: timestampFromMs(recordedAtMs),
    });
  } finally {
    release();
  }
}

/** With an idempotency key the id follows from it: whoever publishes again, also after a crash, says the same id. */
function messageOf(request: PublishRequest, { entry, idempotent }: Served, publishedAtMs: number): Message {
  const { topic, payload, metadata, key, idempotencyKey } = request;
  const once = idempotencyKey !== "";
  if (once && !idempotent) throw noDeduplication(entry.namespace);
  const id = once
    ? idOf(`${entry.namespace}/${entry.incarnation}/${topic}/${idempotencyKey}`)
    : freshId(publishedAtMs);
  return { id, topic, key, payload, metadata, publishedAtMs, headers: traceHeaders(), once };
}

const noDeduplication = (namespace: string): PrismError =>
  new PrismError(
    "UNIMPLEMENTED",
    `'${namespace}' has no log, and its backend cannot be searched for what was published before`,
    {
      details: {
        field: "idempotency_key",
        missing: "deduplication without wal or replay-store",
        recommendation: "Publish without it",
      },
    },
  );
