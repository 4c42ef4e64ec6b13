import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import type { LogStart } from "../backends/log.ts";
import { PrismError } from "../domain/errors.ts";
import type { Message, SubscribeRequest } from "../proto/gen/prism/v1/message_pb.js";
import type { ConsumeRequest } from "../proto/gen/prism/v1/queue_pb.js";
import type { Admitted } from "./admission.ts";
import type { Course } from "./calls.ts";
import type { Group } from "./group-contract.ts";
import type { Limits } from "./limits.ts";
import { checkNack, checkSubscribe, creditLimit, type Start } from "./queue-request.ts";
import { parseReceipt, type Receipt } from "./receipt.ts";
import type { Served } from "./served.ts";
import { subscription } from "./subscription.ts";
import { spannedDelivery } from "./tracing.ts";

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

/** What a client may say while it consumes. */
export type Consumer = {
  readonly group: Group;
  readonly addCredit: (more: number) => void;
  readonly leave: () => void;
  readonly fail: (why: unknown) => void;
};

/** Consume: `open` first, then acknowledgements and credit. The client ends it by ending its side. */
export async function consume(
  limits: Limits,
  call: ServerDuplexStream<ConsumeRequest, Message>,
  admitted: Admitted,
  course: Course,
): Promise<void> {
  const { signal } = course;
  const opening = Promise.withResolvers<SubscribeRequest>();
  let consumer: Consumer | undefined;

  const hear = (to: Consumer, request: ConsumeRequest): void => {
    try {
      obey(to, admitted, request);
    } catch (why) {
      to.fail(why);
    }
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
    consumer?.leave();
    opening.reject(notOpened());
  });
  signal.addEventListener("abort", () => opening.reject(signal.reason), { once: true });

  const request = await opening.promise;
  await deliver(limits, call, request, admitted, course, (to) => {
    consumer = to;
    call.resume();
  });
}

function obey({ group, addCredit }: Consumer, { served }: Admitted, { request }: ConsumeRequest): void {
  const each = (named: { receipt: string[] }, act: (of: Group, receipt: Receipt) => unknown): void => {
    for (const text of named.receipt) {
      const receipt = parseReceipt(text);
      act(receipt.session === group.session ? group : served.groups.holding(receipt), receipt);
    }
  };
  switch (request.case) {
    // What comes too late is no mistake of the client's: the message comes again.
    case "ack":
      each(request.value, (of, receipt) => of.acknowledge(receipt));
      return;
    case "extend":
      each(request.value, (of, receipt) => of.extend(receipt));
      return;
    case "nack": {
      const { delayMs, reason } = checkNack(request.value);
      each(request.value, (of, receipt) => of.reject(receipt, delayMs, reason));
      return;
    }
    case "credit":
      addCredit(Math.min(request.value, creditLimit));
      return;
    case "open":
      throw invalid("open", "this stream is open already");
    default:
      throw invalid("request", "this message says nothing");
  }
}

const notOpened = (): PrismError => invalid("open", "a stream begins with 'open'");

const invalid = (field: string, message: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", message, { details: { field } });
