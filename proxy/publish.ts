import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { PrismError } from "../domain/errors.ts";
import {
  type PublishRequest,
  PublishRequestSchema,
  type PublishResponse,
  PublishResponseSchema,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Admitted } from "./admission.ts";
import type { Limits } from "./limits.ts";
import { type Message, textBytes } from "./message.ts";
import { freshId, idOf } from "./message-id.ts";
import { checkPublish } from "./queue-request.ts";
import type { Served } from "./served.ts";
import { traceHeaders } from "./tracing.ts";
import type { Turns } from "./turns.ts";
import { read } from "./unread.ts";

export type Publishing = {
  readonly limits: Limits;
  readonly turns: Turns;
  readonly clock: () => number;
  /** Throws where what has waited may no longer be done. */
  readonly check: (admitted: Admitted) => void;
};

/**
 * A call of its own, as the bytes that came. What is too much is refused before it is read, and what is let in
 * is done in its namespace's turn.
 */
export async function publishAlone(
  publishing: Publishing,
  bytes: Uint8Array,
  admitted: Admitted,
): Promise<PublishResponse> {
  const { limits, turns } = publishing;
  const { entry } = admitted.served;
  limits.write(entry, admitted.caller.subject);
  const release = limits.hold(entry, bytes.byteLength);
  try {
    return await turns.take(entry.namespace, () =>
      publishRead(publishing, read(PublishRequestSchema, bytes), admitted),
    );
  } finally {
    release();
  }
}

/** One message of many: checked, counted, and answered when the namespace's durability promise holds for it. */
export async function publish(
  publishing: Publishing,
  request: PublishRequest,
  admitted: Admitted,
): Promise<PublishResponse> {
  const { limits } = publishing;
  const { entry } = admitted.served;
  limits.write(entry, admitted.caller.subject);
  const release = limits.hold(entry, bytesOf(request));
  try {
    return await publishRead(publishing, request, admitted);
  } finally {
    release();
  }
}

/** What a message that was read takes in memory. */
export const bytesOf = ({
  topic,
  key,
  idempotencyKey,
  payload,
  metadata,
  traceparent,
}: PublishRequest): number =>
  payload.byteLength +
  topic.length +
  key.length +
  idempotencyKey.length +
  traceparent.length +
  textBytes(metadata);

async function publishRead(
  { clock, check }: Publishing,
  request: PublishRequest,
  admitted: Admitted,
): Promise<PublishResponse> {
  const { served } = admitted;
  check(admitted);
  checkPublish(request, served.entry);
  const message = messageOf(request, served, clock());
  const { offset, recordedAtMs = message.publishedAtMs } = await served.publish(message);
  return create(PublishResponseSchema, {
    messageId: message.id,
    offset,
    recordedAt: timestampFromMs(recordedAtMs),
  });
}

/** With an idempotency key the id follows from it: whoever publishes again, also after a crash, says the same id. */
function messageOf(request: PublishRequest, { entry, idempotent }: Served, publishedAtMs: number): Message {
  const { topic, payload, metadata, key, idempotencyKey, traceparent } = request;
  const once = idempotencyKey !== "";
  if (once && !idempotent) throw noDeduplication(entry.namespace);
  const id = once
    ? idOf(`${entry.namespace}/${entry.incarnation}/${topic}/${idempotencyKey}`)
    : freshId(publishedAtMs);
  return { id, topic, key, payload, metadata, publishedAtMs, headers: traceHeaders(traceparent), once };
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
