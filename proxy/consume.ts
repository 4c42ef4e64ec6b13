import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import type { LogStart } from "../backends/log.ts";
import { PrismError } from "../domain/errors.ts";
import type { Message, SubscribeRequest } from "../proto/gen/prism/v1/message_pb.js";
import type { ConsumeRequest } from "../proto/gen/prism/v1/queue_pb.js";
import type { Admitted } from "./admission.ts";
import type { Course } from "./calls.ts";
import { type Consumer, obey } from "./consumer-request.ts";
import type { Group } from "./group-contract.ts";
import type { Limits } from "./limits.ts";
import { checkSubscribe, type Start } from "./queue-request.ts";
import type { Served } from "./served.ts";
import { subscription } from "./subscription.ts";
import { spannedDelivery } from "./tracing.ts";
import type { Turns } from "./turns.ts";

// What a client has said and waits for its turn; then it is heard no further.
const mostWaiting = 100;

type Output = {
  sendMetadata(metadata: Metadata): void;
  write(message: Message): boolean;
  once(event: "drain", listener: () => void): unknown;
};

/**
 * Delivers until the signal or the group ends it. Headers are sent as soon as the group
 * stands: from then on nothing that is published passes it by, also from `latest`.
 */
export async function deliver(
  limits: Limits,
  call: Output,
  request: SubscribeRequest,
  { served, caller }: Admitted,
  { signal, opened, vanished }: Course,
  begun: (consumer: Consumer) => void = () => {},
): Promise<void> {
  const wanted = checkSubscribe(request);
  const end = Promise.withResolvers<void>();
  end.promise.catch(() => {});
  let joined: Group | undefined;
  const subscriber = subscription({
    credit: wanted.credit,
    deliver: spannedDelivery(served.entry.namespace, served.deliver),
    write: (message) => call.write(message),
    drained: () => new Promise((resolve) => call.once("drain", resolve)),
    sent: (receipt) => joined?.extend(receipt),
    eager: () => joined?.pump(),
    restMs: () => limits.read(served.entry, caller.subject),
    ended: end.reject,
  });
  const stop = (): void => {
    subscriber.stop();
    end.reject(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  signal.throwIfAborted();
  joined = await served.groups.join({ ...wanted, start: await beginning(served, wanted.start) }, subscriber);
  try {
    signal.throwIfAborted();
    call.sendMetadata(new Metadata());
    opened();
    begun({ group: joined, addCredit: subscriber.addCredit, leave: end.resolve, fail: end.reject });
    await end.promise;
  } finally {
    subscriber.stop();
    await served.groups.leave(joined, subscriber, vanished());
  }
}

/** Where a group begins that was never here. */
const beginning = async ({ locate }: Served, start: Start): Promise<LogStart> =>
  typeof start === "string" ? start : locate(start);

type Consuming = { readonly limits: Limits; readonly turns: Turns };

/** Consume: `open` first, then acknowledgements and credit. The client ends it by ending its side. */
export async function consume(
  { limits, turns }: Consuming,
  call: ServerDuplexStream<ConsumeRequest, Message>,
  admitted: Admitted,
  course: Course,
): Promise<void> {
  const { signal } = course;
  const opening = Promise.withResolvers<SubscribeRequest>();
  let consumer: Consumer | undefined;
  let waiting = 0;

  const inTurn = (work: () => void): void =>
    void turns.take(admitted.served.entry.namespace, async () => work());

  const hear = (to: Consumer, request: ConsumeRequest): void => {
    if (++waiting >= mostWaiting) call.pause();
    inTurn(() => {
      if (waiting-- >= mostWaiting) call.resume();
      try {
        obey(to, admitted, request);
      } catch (why) {
        to.fail(why);
      }
    });
  };

  call.on("data", (message: ConsumeRequest) => {
    if (consumer !== undefined) hear(consumer, message);
    else if (message.request.case === "open") {
      // Until the group stands what comes waits with the client: it can only be credit, or a mistake.
      call.pause();
      opening.resolve(message.request.value);
    } else opening.reject(notOpened());
  });
  call.on("end", () => {
    // What it has said before counts.
    inTurn(() => consumer?.leave());
    opening.reject(notOpened());
  });
  signal.addEventListener("abort", () => opening.reject(signal.reason), { once: true });

  const request = await opening.promise;
  await deliver(limits, call, request, admitted, course, (to) => {
    consumer = to;
    call.resume();
  });
}

const notOpened = (): PrismError =>
  new PrismError("INVALID_CONFIGURATION", "a stream begins with 'open'", { details: { field: "open" } });
