import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceError } from "@grpc/grpc-js";
import {
  EarliestSchema,
  LatestSchema,
  type Message,
  type Start,
  SubscribeRequestSchema,
} from "../../proto/gen/prism/v1/message_pb.js";
import { ConsumeRequestSchema, QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Connection } from "./connection.ts";
import { neverSent, streamError } from "./errors.ts";
import { holds } from "./holds.ts";

export type ConsumeOptions = {
  /** Members of one group share its messages; each group gets them all. */
  readonly group: string;
  /**
   * Where a group begins that has never been here. Default: latest. An offset, as a publish or
   * a delivery has told it, and a time need a namespace with `replay: enabled`.
   */
  readonly from?: "latest" | "earliest" | { readonly offset: string } | { readonly time: Date };
  /** How many messages may be under way unacknowledged. Default: 100. */
  readonly credit?: number;
  /**
   * For how long a message that was handed over is kept from coming again while it is not
   * acknowledged, in milliseconds. Default: ten minutes. It is kept for 30 seconds at least.
   * What was received and waits is kept as long as no more than that passes between two that are taken.
   */
  readonly holdMs?: number;
};

/** One stream of a consumer, from its opening to its end. */
export interface ConsumerStream {
  /** Resolves when the group stands: nothing published from then on passes it by. */
  readonly ready: Promise<void>;
  /** The next message, once it is ready; `undefined`: the stream has ended, and what was not handed over comes again. */
  next(): Promise<Message | undefined>;
  /** Goes out with the others of this moment. */
  acknowledge(receipt: string): void;
  /** It comes again, after the delay; after five times it is put aside. */
  reject(receipt: string, delayMs: number, reason: string): void;
  /** Ends it; resolves when the proxy has taken what was acknowledged. */
  leave(): Promise<void>;
}

const leaveMs = 5_000;
const defaultHoldMs = 600_000;

export async function consumerStream(
  connection: Connection,
  topic: string,
  { group, from = "latest", credit = 0, holdMs = defaultHoldMs }: ConsumeOptions,
  address: string,
): Promise<ConsumerStream> {
  const call = await connection.open(QueueService.method.consume, address);
  const received: Message[] = [];
  const ready = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  over.promise.catch(() => {});
  let news = Promise.withResolvers<void>();
  let failure: ServiceError | undefined;
  let left = false;
  let receipts: string[] = [];
  let open = true;

  const say = (request: Parameters<typeof create<typeof ConsumeRequestSchema>>[1]): void => {
    if (open) call.write(create(ConsumeRequestSchema, request));
  };
  const sendReceipts = (): void => {
    if (receipts.length > 0) say({ request: { case: "ack", value: { receipt: receipts } } });
    receipts = [];
  };

  const held = holds({
    holdMs,
    extend: (receipt) => say({ request: { case: "extend", value: { receipt } } }),
  });
  const wake = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };

  // Read at once, also where its handler is slow: what lies in the stream is kept by nobody. Credit bounds it.
  call.on("data", (message: Message) => {
    if (left) return;
    held.received(message.receipt);
    received.push(message);
    wake();
  });
  call.on("metadata", () => ready.resolve());
  call.on("error", (error: ServiceError) => {
    open = false;
    failure = error;
    if (neverSent(error)) connection.avoid(address);
    ready.reject(streamError(error));
  });
  call.on("status", () => {
    open = false;
    held.stop();
    over.resolve();
    wake();
  });
  say({
    request: {
      case: "open",
      value: create(SubscribeRequestSchema, { topic, group, credit, start: { start: startOf(from) } }),
    },
  });

  return {
    ready: ready.promise,
    async next() {
      while (open) {
        const message = received.shift();
        if (message === undefined) await news.promise;
        else if (held.taken(message.receipt)) return message;
      }
      if (failure === undefined) return undefined;
      throw streamError(failure);
    },
    acknowledge(receipt) {
      held.settled(receipt);
      if (receipts.push(receipt) === 1) setImmediate(sendReceipts);
    },
    reject(receipt, delayMs, reason) {
      held.settled(receipt);
      const delay = durationFromMs(delayMs);
      say({ request: { case: "nack", value: { receipt: [receipt], delay, reason } } });
    },
    async leave() {
      left = true;
      received.length = 0;
      sendReceipts();
      if (open) call.end();
      const timer = setTimeout(() => call.cancel(), leaveMs);
      await over.promise;
      clearTimeout(timer);
    },
  };
}

function startOf(from: NonNullable<ConsumeOptions["from"]>): Start["start"] {
  if (from === "latest") return { case: from, value: create(LatestSchema) };
  if (from === "earliest") return { case: from, value: create(EarliestSchema) };
  if ("offset" in from) return { case: "offset", value: from.offset };
  return { case: "time", value: timestampFromDate(from.time) };
}
