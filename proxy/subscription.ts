import type { Message } from "../proto/gen/prism/v1/message_pb.js";
import type { Deliver } from "./patterns/pattern.ts";
import { toProto } from "./queue-message.ts";
import type { Receipt } from "./receipt.ts";
import type { Delivery, Subscriber } from "./subscriber.ts";

type SubscriptionOptions = {
  /** How many messages may be under way unacknowledged. */
  readonly credit: number;
  /** The namespace's way to a consumer. */
  readonly deliver: (consumer: Deliver) => Deliver;
  /** `false`: the client does not keep up, wait for `drained`. */
  readonly write: (message: Message) => boolean;
  readonly drained: () => Promise<void>;
  /** It was written: its time to be acknowledged begins. */
  readonly sent: (receipt: Receipt) => void;
  /** One more was taken: how long to rest before the next. */
  readonly restMs: () => number;
  /** It can take more again. */
  readonly eager: () => void;
  readonly ended: (error: unknown) => void;
};

export interface Subscription extends Subscriber {
  addCredit(more: number): void;
  /** Writes nothing more: what it has not written is about to be another's. */
  stop(): void;
}

/** One consumer's stream as a subscriber: what it may take, and in which order that reaches it. */
export function subscription(options: SubscriptionOptions): Subscription {
  const queue: Delivery[] = [];
  /** And whether it has been written. */
  const underWay = new Map<number, boolean>();
  let credit = options.credit;
  let sending = false;
  let full = false;
  let stopped = false;
  let resting: NodeJS.Timeout | undefined;

  const rest = (ms: number): void => {
    if (ms <= 0) return;
    resting = setTimeout(() => {
      resting = undefined;
      options.eager();
    }, ms).unref();
  };

  const send = async (delivery: Delivery): Promise<void> => {
    const toClient = options.deliver(async (message) => {
      const keepsUp = options.write(toProto({ ...delivery, message }));
      underWay.set(delivery.receipt.delivery, true);
      options.sent(delivery.receipt);
      if (keepsUp) return;
      full = true;
      await options.drained();
      full = false;
      options.eager();
    });
    await toClient(delivery.message);
  };

  const sendAll = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (underWay.has(next.receipt.delivery)) await send(next);
    }
    sending = false;
  };

  return {
    ready: () => underWay.size < credit && !full && !stopped && resting === undefined,
    take(delivery) {
      underWay.set(delivery.receipt.delivery, false);
      queue.push(delivery);
      rest(options.restMs());
      if (sending) return;
      sending = true;
      sendAll().catch(options.ended);
    },
    hasSent: (delivery) => underWay.get(delivery) ?? false,
    released: (delivery) => void underWay.delete(delivery),
    end: options.ended,
    stop() {
      stopped = true;
      clearTimeout(resting);
      queue.length = 0;
    },
    addCredit(more) {
      credit += more;
      options.eager();
    },
  };
}
