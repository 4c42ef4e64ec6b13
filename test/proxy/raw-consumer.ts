import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { type Message, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { ConsumeRequestSchema, QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { type Refusal, type rawClient, refusalOf } from "./raw-client.ts";

type Request = NonNullable<MessageInitShape<typeof ConsumeRequestSchema>["request"]>;

export type ConsumerOptions = MessageInitShape<typeof SubscribeRequestSchema> & {
  /** Default: all of them, at once. */
  readonly acknowledges?: (message: Message) => boolean;
};

/** A consumer without our SDK: what it got, and what it says. */
export function rawConsumer(raw: ReturnType<typeof rawClient>, options: ConsumerOptions) {
  const { acknowledges = () => true, ...open } = options;
  const call = raw.stream<Message>(QueueService.method.consume);
  const got: Message[] = [];
  const say = (request: Request) => call.write(create(ConsumeRequestSchema, { request }));
  const ended = new Promise<Refusal | undefined>((resolve) => {
    call.once("error", (error: ServiceError) => resolve(refusalOf(error)));
    call.once("end", () => resolve(undefined));
  });
  const ready = new Promise<void>((resolve) => call.once("metadata", () => resolve()));
  call.on("data", (message: Message) => {
    got.push(message);
    if (acknowledges(message)) say({ case: "ack", value: { receipt: [message.receipt] } });
  });
  say({ case: "open", value: create(SubscribeRequestSchema, open as never) });
  return {
    got,
    ready,
    /** Why it was refused or ended; `undefined`: because it had asked for that. */
    ended,
    ack: (...messages: Message[]) =>
      say({ case: "ack", value: { receipt: messages.map(({ receipt }) => receipt) } }),
    nack: (message: Message, delayMs = 0, reason = "") =>
      say({
        case: "nack",
        value: {
          receipt: [message.receipt],
          reason,
          delay: { seconds: BigInt(Math.floor(delayMs / 1_000)), nanos: (delayMs % 1_000) * 1_000_000 },
        },
      }),
    extend: (message: Message) => say({ case: "extend", value: { receipt: [message.receipt] } }),
    /** Without a word. */
    vanish: () => {
      call.cancel();
      raw.close();
    },
    async stop(): Promise<void> {
      call.end();
      await ended;
      raw.close();
    },
  };
}
