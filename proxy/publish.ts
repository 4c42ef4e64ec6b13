import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { v5, v7 } from "uuid";
import { PrismError } from "../domain/errors.ts";
import {
  type PublishRequest,
  type PublishResponse,
  PublishResponseSchema,
} from "../proto/gen/prism/v1/message_pb.js";
import type { Limits } from "./limits.ts";
import type { Message } from "./message.ts";
import { checkPublish } from "./queue-request.ts";
import type { Served } from "./served.ts";

export type Publishing = { readonly limits: Limits; readonly clock: () => number };

/** One message: checked, counted, and answered when the namespace's durability promise holds for it. */
export async function publish(
  { limits, clock }: Publishing,
  request: PublishRequest,
  served: Served,
): Promise<PublishResponse> {
  checkPublish(request, served.entry);
  limits.write(served.entry);
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
    ? v5(`${entry.namespace}/${entry.incarnation}/${topic}/${idempotencyKey}`, names)
    : v7({ msecs: publishedAtMs, random: randomness() });
  return { id, topic, key, payload, metadata, publishedAtMs, headers: {}, once };
}

const names = "1d0c4ad8-2f0b-5d0a-8a5e-0c6b1f2f3e90";

const idBytes = 16;
let pool = new Uint8Array(0);
let used = 0;

/** Asking the system for each id's bytes takes longer than all else about it. */
function randomness(): Uint8Array {
  if (used === pool.length) {
    pool = randomBytes(256 * idBytes);
    used = 0;
  }
  used += idBytes;
  return pool.subarray(used - idBytes, used);
}

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
