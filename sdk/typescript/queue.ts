import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Message as Delivered, PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import type { Connection } from "./connection.ts";
import { type ConsumeOptions, type ConsumerStream, consumerStream } from "./consumer-stream.ts";
import type { Consumption, Message } from "./consumption.ts";
import { PrismError } from "./errors.ts";
import { publisher } from "./publisher.ts";
import { type Work, type WorkOptions, work } from "./work.ts";

export type PublishOptions = {
  /** Messages of one key keep their order where the namespace is `ordered`. */
  readonly key?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * The same key within 24 hours is the same message, also from another process: it answers
   * what the first was answered and adds nothing. Default: one of its own, so that a publish
   * whose answer was lost can be repeated. `""`: none, which is cheaper where the namespace has
   * no log; then a lost answer rejects, and publishing again may publish twice.
   */
  readonly idempotencyKey?: string;
};

export type Published = { readonly messageId: string; readonly offset: string; readonly recordedAt: Date };

export type Queue = ReturnType<typeof queue>;

const firstPauseMs = 100;
const lastPauseMs = 3_000;
// What a new connection or a little patience may mend; anything else is told.
const passing = ["BACKEND_UNAVAILABLE", "NAMESPACE_NOT_READY", "RATE_LIMITED"];
const bytes = new TextEncoder();
const utf8 = new TextDecoder();

export function queue(connection: Connection, traceparent: () => string | undefined = () => undefined) {
  const publishing = publisher(connection);
  return {
    /**
     * Resolves when the namespace's durability promise holds for it. Bytes go as they are,
     * anything else as JSON. Many may be under way at a time; to keep the order of a key,
     * await each. It is repeated for ten seconds, under one idempotency key. What then is
     * not known rejects with `BACKEND_UNAVAILABLE`: whoever publishes again under the same
     * `idempotencyKey` publishes once.
     */
    async publish(topic: string, value: unknown, options: PublishOptions = {}): Promise<Published> {
      const { key = "", metadata = {}, idempotencyKey = crypto.randomUUID() } = options;
      const payload = value instanceof Uint8Array ? value : bytes.encode(json(value));
      const around = { metadata: { ...metadata }, traceparent: traceparent() ?? "" };
      const request = { topic, payload, key, idempotencyKey, ...around };
      const { messageId, offset, recordedAt } = await publishing.publish(
        create(PublishRequestSchema, request),
      );
      return { messageId, offset, recordedAt: recordedAt ? timestampDate(recordedAt) : new Date(0) };
    },

    /**
     * Begins at once, and over again whenever the connection is lost; where the namespace has no place left it waits
     * for one. Rejects with what that cannot mend.
     */
    consume: (topic: string, options: ConsumeOptions): Consumption => consumption(connection, topic, options),

    /** Has `handle` work on each message: acknowledged when that resolves, redelivered when it rejects. */
    work: (topic: string, options: WorkOptions, handle: (message: Message) => Promise<void>): Work =>
      work(consumption(connection, topic, options), options, handle),

    /** Ends what is under way. */
    close: () => publishing.close(),
  };
}

function consumption(connection: Connection, topic: string, options: ConsumeOptions): Consumption {
  let stream: ConsumerStream | undefined;
  let left = false;
  let failures = 0;

  const passes = (error: unknown): boolean =>
    !left && error instanceof PrismError && passing.includes(error.code);

  const pause = (): Promise<void> => {
    connection.avoid();
    const pauseMs = Math.min(lastPauseMs, firstPauseMs * 2 ** failures++);
    return new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
  };

  /** A stream whose group stands. */
  const stand = async (): Promise<ConsumerStream> => {
    for (;;) {
      let address = "";
      try {
        address = await connection.route();
        if (left) throw over();
        stream = await consumerStream(connection, topic, options, address);
        // Who ended it meanwhile had no stream to leave, or an older one.
        if (left) {
          await stream.leave();
          throw over();
        }
        await stream.ready;
        return stream;
      } catch (error) {
        const unknown = error instanceof PrismError && error.code === "NOT_FOUND" && !left;
        if (!passes(error) && !(unknown && (await connection.elsewhere(address)))) throw error;
        await pause();
      }
    }
  };

  let standing = stand();
  const ready = standing.then(() => {});
  ready.catch(() => {});

  const next = async (): Promise<IteratorResult<Message>> => {
    while (!left) {
      try {
        const from = await standing;
        if (left) break;
        const delivered = await from.next();
        if (delivered !== undefined) {
          failures = 0;
          return { done: false, value: message(delivered, from) };
        }
        if (!left) throw new PrismError("BACKEND_UNAVAILABLE", "the stream has ended");
      } catch (error) {
        if (left) break;
        if (!passes(error)) throw error;
        await pause();
        standing = stand();
        standing.catch(() => {});
      }
    }
    return { done: true, value: undefined };
  };

  return {
    ready,
    next,
    async return() {
      left = true;
      await stream?.leave();
      await standing.catch(() => {});
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const over = (): PrismError => new PrismError("INTERNAL", "this consumption has ended");

const message = (delivered: Delivered, from: ConsumerStream): Message => ({
  id: delivered.messageId,
  topic: delivered.topic,
  key: delivered.key,
  payload: delivered.payload,
  metadata: delivered.metadata,
  offset: delivered.offset,
  attempt: delivered.attempt,
  publishedAt: delivered.publishedAt ? timestampDate(delivered.publishedAt) : new Date(0),
  text: () => utf8.decode(delivered.payload),
  json: <Value>() => JSON.parse(utf8.decode(delivered.payload)) as Value,
  ack: async () => from.acknowledge(delivered.receipt),
  nack: async ({ delayMs = 0, reason = "" } = {}) => from.reject(delivered.receipt, delayMs, reason),
});

function json(value: unknown): string {
  const text = JSON.stringify(value);
  if (text !== undefined) return text;
  throw new PrismError("INVALID_CONFIGURATION", "what is published must be bytes or JSON", {
    details: { field: "value" },
  });
}
