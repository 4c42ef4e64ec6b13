import { type ClientDuplexStream, type ServiceError, status } from "@grpc/grpc-js";
import type { PublishRequest, PublishResponse } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import type { Connection } from "./connection.ts";
import { callError, neverSent, PrismError, streamError } from "./errors.ts";
import { checkSize, sizeAtMost } from "./message-size.ts";

export interface Publisher {
  /**
   * Resolves with the proxy's answer. What may have been written is sent again only with an
   * idempotency key, under which the second time adds nothing.
   */
  publish(request: PublishRequest): Promise<PublishResponse>;
  close(): void;
}

type Item = {
  readonly request: PublishRequest;
  /** The proxy that it was sent to last. */
  address?: string;
  readonly until: number;
  readonly resolve: (response: PublishResponse) => void;
  readonly reject: (error: PrismError) => void;
};

type Call = ClientDuplexStream<PublishRequest, PublishResponse>;

const patienceMs = 10_000;
const retryMs = 100;
const longestRetryMs = 1_000;
const window = 1_000;
// Not all of a moment in one frame: the proxy takes the first while the next is made.
const frameItems = 128;
const frameBytes = 128 * 1024;
const idleMs = 500;
// Nothing was done, and it may be otherwise in a moment.
const notYet = ["NAMESPACE_NOT_READY", "RATE_LIMITED"];

/** Publishes over one stream a proxy, in which many are under way at a time; a key always takes the same one. */
export function publisher(connection: Connection): Publisher {
  const lanes = new Map<string, Lane>();
  let closed = false;

  const send = async (item: Item): Promise<void> => {
    try {
      const { key } = item.request;
      const address = await connection.route(key === "" ? undefined : key);
      item.address = address;
      const found = lanes.get(address) ?? lane(connection, address, settle);
      lanes.set(address, found);
      found.send(item);
    } catch (cause) {
      settle(item, cause instanceof PrismError ? cause : callError(cause as ServiceError), true);
    }
  };

  const again = (item: Item, error: PrismError): void => {
    const afterMs = Number(error.details["retry_after_ms"] ?? retryMs);
    const retry = (): void => (closed ? item.reject(error) : void send(item));
    setTimeout(retry, Math.min(longestRetryMs, afterMs) * (0.5 + Math.random()));
  };

  /** A proxy that does not know the namespace: it may have been moved since discovery was asked. */
  const follow = async (item: Item, error: PrismError): Promise<void> => {
    const isMoved = await connection.elsewhere(item.address ?? "").catch(() => false);
    if (isMoved && !closed) void send(item);
    else item.reject(error);
  };

  /** `harmless`: it certainly was not written. */
  const settle = (item: Item, error: PrismError, harmless: boolean): void => {
    const keyed = item.request.idempotencyKey !== "";
    const passing =
      notYet.includes(error.code) || (error.code === "BACKEND_UNAVAILABLE" && (harmless || keyed));
    if (error.code === "NOT_FOUND" && !closed) void follow(item, error);
    else if (closed || !passing || performance.now() > item.until) item.reject(error);
    else again(item, error);
  };

  return {
    publish: (request) =>
      new Promise((resolve, reject) => {
        checkSize(request);
        void send({ request, until: performance.now() + patienceMs, resolve, reject });
      }),
    close() {
      closed = true;
      for (const each of lanes.values()) each.close();
    },
  };
}

type Lane = { send(item: Item): void; close(): void };
type Settle = (item: Item, error: PrismError, harmless: boolean) => void;

/** The stream to one proxy: opened when it is wanted, ended when it is idle. */
function lane(connection: Connection, address: string, settle: Settle): Lane {
  let waiting: Item[] = [];
  let unanswered: Item[] = [];
  let call: Call | undefined;
  let opening = false;
  let flushing: NodeJS.Immediate | undefined;
  let idle: NodeJS.Timeout | undefined;

  const flush = (): void => {
    flushing = undefined;
    if (call === undefined) return void open();
    clearTimeout(idle);
    const ready = waiting.splice(0, window - unanswered.length);
    unanswered.push(...ready);
    for (const frame of frames(ready)) call.write(frame);
    const ending = call;
    if (unanswered.length === 0) idle = setTimeout(() => end(ending), idleMs);
  };

  /** After the events at hand: what is published together goes together. */
  const soon = (): void => {
    flushing ??= setImmediate(flush);
  };

  const end = (ending: Call): void => {
    if (call === ending) call = undefined;
    ending.end();
  };

  const open = async (): Promise<void> => {
    if (opening || waiting.length === 0) return;
    opening = true;
    try {
      const opened = (await connection.open(QueueService.method.publishStream, address)) as Call;
      call = opened;
      opened.on("data", answered);
      opened.on("error", (error: ServiceError) => {
        // Before a proxy ends it with its token it answers what it has taken.
        const harmless = neverSent(error) || error.code === status.UNAUTHENTICATED;
        failed(opened, streamError(error), harmless);
      });
      opened.on("end", () => failed(opened, lost(), false));
    } catch (cause) {
      fail(cause instanceof PrismError ? cause : callError(cause as ServiceError), true);
    } finally {
      opening = false;
    }
    if (call !== undefined) flush();
  };

  const answered = (frame: PublishResponse): void => {
    const responses = [frame, ...frame.more];
    const items = unanswered.splice(0, responses.length);
    for (const [at, item] of items.entries()) {
      const error = responses[at]?.error;
      if (error === undefined) item.resolve(responses[at] as PublishResponse);
      else settle(item, new PrismError(error.code, error.message, { details: error.details }), false);
    }
    soon();
  };

  const failed = (of: Call, error: PrismError, harmless: boolean): void => {
    // One that was ended for idleness has nothing under way.
    if (call !== of) return;
    call = undefined;
    clearTimeout(idle);
    connection.avoid(address);
    fail(error, harmless);
  };

  const fail = (error: PrismError, harmless: boolean): void => {
    const [begun, unsent] = [unanswered, waiting];
    [unanswered, waiting] = [[], []];
    for (const item of begun) settle(item, error, harmless || notYet.includes(error.code));
    for (const item of unsent) settle(item, error, true);
  };

  return {
    send(item) {
      waiting.push(item);
      soon();
    },
    close() {
      clearImmediate(flushing);
      clearTimeout(idle);
      call?.cancel();
      call = undefined;
      fail(new PrismError("BACKEND_UNAVAILABLE", "this client was closed"), false);
    },
  };
}

/** Several a frame: a frame costs both sides more than a message. */
function* frames(items: readonly Item[]): Generator<PublishRequest> {
  let frame: PublishRequest[] = [];
  let bytes = 0;
  for (const { request } of items) {
    const size = sizeAtMost(request);
    if (frame.length === frameItems || (frame.length > 0 && bytes + size > frameBytes)) {
      yield framed(frame);
      [frame, bytes] = [[], 0];
    }
    frame.push(request);
    bytes += size;
  }
  if (frame.length > 0) yield framed(frame);
}

/** A copy, for the first may be sent again by itself. */
const framed = ([first, ...more]: readonly PublishRequest[]): PublishRequest =>
  ({ ...first, more }) as PublishRequest;

const lost = (): PrismError => new PrismError("BACKEND_UNAVAILABLE", "the stream of publishes has ended");
