import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";
import type { PublishRequest, SubscribeRequest } from "../proto/gen/prism/v1/message_pb.js";
import type { Nack } from "../proto/gen/prism/v1/queue_pb.js";
import type { Beginning } from "./patterns/pattern.ts";

const name = /^[A-Za-z0-9._-]{1,200}$/;
const metadataKey = /^[A-Za-z0-9._-]{1,128}$/;
const metadataEntries = 64;
const metadataBytes = 32 * 1024;
const keyBytes = 1_024;
const defaultCredit = 100;
const longestDelayMs = 12 * 3_600_000;
const reasonLength = 500;
export const creditLimit = 10_000;

const reserved = (topic: string): boolean => topic.startsWith("prism-") || topic.endsWith(".dead-letter");

/** Refuses what a publisher may not send; the answer names the field and the cure. */
export function checkPublish(request: PublishRequest, entry: Entry): void {
  checkName("topic", request.topic);
  if (reserved(request.topic)) {
    throw invalid("topic", `topic '${request.topic}' is reserved: only Prism publishes to it`, {
      recommendation: "Use a topic that neither begins with 'prism-' nor ends with '.dead-letter'",
    });
  }
  checkPayload(request.payload.byteLength, entry);
  if (Buffer.byteLength(request.key) > keyBytes) {
    throw invalid("key", `a key has at most ${keyBytes} bytes`, { limit_bytes: keyBytes });
  }
  checkMetadata(request.metadata);
  if (request.more.length > 0) {
    throw invalid("more", "only a message of PublishStream brings more with it, up to 1,000 and no further", {
      recommendation: "Send the others by themselves",
    });
  }
  if (Buffer.byteLength(request.idempotencyKey) > keyBytes) {
    throw invalid("idempotency_key", `an idempotency key has at most ${keyBytes} bytes`, {
      limit_bytes: keyBytes,
    });
  }
}

/** An internal topic is nobody's to read; dead letters are. */
export function checkSubscribe(request: SubscribeRequest): Subscription {
  checkName("topic", request.topic.replace(/\.dead-letter$/, ""));
  if (request.topic.startsWith("prism-")) {
    throw invalid("topic", `topic '${request.topic}' is reserved for Prism itself`, {
      recommendation: "Use a topic that does not begin with 'prism-'",
    });
  }
  checkName("group", request.group);
  const credit = Math.min(request.credit === 0 ? defaultCredit : request.credit, creditLimit);
  return { topic: request.topic, group: request.group, credit, start: startOf(request) };
}

export type Subscription = {
  readonly topic: string;
  readonly group: string;
  readonly start: Start;
  /** How many messages may be under way unacknowledged. */
  readonly credit: number;
};

export type Start = "earliest" | "latest" | Beginning;

function startOf({ start }: SubscribeRequest): Start {
  const from = start?.start ?? { case: undefined };
  switch (from.case) {
    case "offset":
      return { offset: from.value };
    case "time":
      return { timeMs: timestampMs(from.value) };
    default:
      return from.case ?? "latest";
  }
}

/** Milliseconds until it may come again, and why it came back. */
export function checkNack({ delay, reason }: Nack): { readonly delayMs: number; readonly reason: string } {
  const delayMs = delay === undefined ? 0 : durationMs(delay);
  if (delayMs < 0 || delayMs > longestDelayMs) {
    throw invalid("nack.delay", "a delay is between nothing and twelve hours", {
      limit_seconds: longestDelayMs / 1_000,
    });
  }
  return { delayMs, reason: reason === "" ? "it was refused" : reason.slice(0, reasonLength) };
}

export function checkPayload(bytes: number, { limits, namespace }: Entry): void {
  const limit = Number(limits?.maxMessageBytes ?? 0n);
  if (bytes <= limit) return;
  throw new PrismError("PAYLOAD_TOO_LARGE", `a message of '${namespace}' has at most ${limit} bytes`, {
    details: {
      field: "payload",
      size_bytes: bytes,
      limit_bytes: limit,
      recommendation: "Raise needs.max_message_size, or send less",
    },
  });
}

function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  const entries = Object.entries(metadata);
  if (entries.length > metadataEntries) {
    throw invalid("metadata", `a message has at most ${metadataEntries} metadata entries`, {
      limit: metadataEntries,
    });
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    const field = `metadata.${key}`;
    if (key.toLowerCase().startsWith("prism-")) {
      throw invalid(field, "metadata keys that begin with 'prism-' are Prism's own", {
        recommendation: "Use another prefix",
      });
    }
    if (!metadataKey.test(key)) {
      throw invalid(field, "a metadata key is 1 to 128 of A-Z a-z 0-9 . _ -", {
        recommendation: `Match ${metadataKey.source}`,
      });
    }
    bytes += key.length + Buffer.byteLength(value);
  }
  if (bytes > metadataBytes) {
    throw invalid("metadata", `a message's metadata has at most ${metadataBytes} bytes`, {
      limit_bytes: metadataBytes,
    });
  }
}

function checkName(field: "topic" | "group", value: string): void {
  if (name.test(value)) return;
  throw invalid(field, `a ${field} is 1 to 200 of A-Z a-z 0-9 . _ -, not '${value.slice(0, 200)}'`, {
    recommendation: `Match ${name.source}`,
  });
}

const invalid = (
  field: string,
  message: string,
  more: Readonly<Record<string, string | number>>,
): PrismError => new PrismError("INVALID_CONFIGURATION", message, { details: { field, ...more } });
