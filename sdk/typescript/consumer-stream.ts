import { create } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { type Message, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { ConsumeRequestSchema, QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Connection } from "./connection.ts";
import { callError } from "./errors.ts";

export type ConsumeOptions = {
  /** Members of one group share its messages; each group gets them all. */
  readonly group: string;
  /** Where a group begins that has never been here. Default: latest. */
  readonly from?: "latest" | "earliest";
  /** How many messages may be under way unacknowledged. Default: 100. */
  readonly credit?: number;
};

/** One stream of a consumer, from its opening to its end. */
export interface ConsumerStream {
  /** Resolves when the group stands: nothing published from then on passes it by. */
  readonly ready: Promise<void>;
  /** The next message; `undefined`: the stream has ended. Rejects with `PrismError`. */
  next(): Promise<Message | undefined>;
  /** Goes out with the others of this moment. */
  acknowledge(receipt: string): void;
  /** Ends it; resolves when the proxy has taken what was acknowledged. */
  leave(): Promise<void>;
}

const leaveMs = 5_000;

export async function consumerStream(
  connection: Connection,
  topic: string,
  { group, from = "latest", credit = 0 }: ConsumeOptions,
): Promise<ConsumerStream> {
  const call = await connection.open(QueueService.method.consume);
  const ready = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  over.promise.catch(() => {});
  const iterator = call.iterator({ destroyOnReturn: false });
  let receipts: string[] = [];
  let open = true;

  const say = (request: Parameters<typeof create<typeof ConsumeRequestSchema>>[1]): void => {
    if (open) call.write(create(ConsumeRequestSchema, request));
  };
  const sendReceipts = (): void => {
    if (receipts.length > 0) say({ request: { case: "ack", value: { receipt: receipts } } });
    receipts = [];
  };

  // The end is told only to who has read what came before it; that is another's now.
  const discard = async (): Promise<void> => {
    try {
      while (!(await iterator.next()).done);
    } catch {
      // It has ended, which is all that is asked for.
    }
  };

  call.on("metadata", () => ready.resolve());
  call.on("error", (error: ServiceError) => {
    open = false;
    ready.reject(callError(error));
  });
  call.on("status", () => {
    open = false;
    over.resolve();
  });
  const start = from === "earliest" ? { case: from, value: {} } : { case: from, value: {} };
  say({
    request: {
      case: "open",
      value: create(SubscribeRequestSchema, { topic, group, credit, start: { start } as never }),
    },
  });

  return {
    ready: ready.promise,
    async next() {
      try {
        const { value, done } = (await iterator.next()) as IteratorResult<Message, undefined>;
        return done ? undefined : value;
      } catch (error) {
        throw callError(error as ServiceError);
      }
    },
    acknowledge(receipt) {
      if (receipts.push(receipt) === 1) setImmediate(sendReceipts);
    },
    async leave() {
      sendReceipts();
      if (open) call.end();
      const timer = setTimeout(() => call.cancel(), leaveMs);
      await discard();
      await over.promise;
      clearTimeout(timer);
    },
  };
}
