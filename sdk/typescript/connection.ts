import type { DescMethod, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { grpcMethod } from "../../proto/grpc.ts";
import { choose } from "./choose.ts";
import type { Discovery, Endpoint } from "./endpoint.ts";
import { callError, neverSent, PrismError } from "./errors.ts";
import { type Token, tokenOf } from "./token.ts";

export type ConnectionOptions = {
  readonly namespace: string;
  readonly token: Token;
  /** host:port of proxies, or the question for them. */
  readonly endpoints: readonly string[] | Discovery;
  /** Proxies there are preferred. */
  readonly region?: string | undefined;
};

export interface Connection {
  /** One question, one answer; repeated only where the first certainly did nothing. */
  call<Method extends DescMethodUnary>(
    method: Method,
    request: MessageShape<Method["input"]>,
  ): Promise<MessageShape<Method["output"]>>;
  /** The proxy for this key: the same one as long as it serves; without a key by load. */
  route(key?: string): Promise<string>;
  /** A bidirectional stream to a proxy. Default: as without a key. */
  open<Method extends DescMethod>(
    method: Method,
    address?: string,
  ): Promise<ClientDuplexStream<MessageShape<Method["input"]>, MessageShape<Method["output"]>>>;
  /** That a proxy has failed: for a while calls go elsewhere, to where the namespace is served by then. */
  avoid(address?: string): void;
  /** Asks discovery anew, as that proxy does not know the namespace: whether it is served elsewhere by now. */
  elsewhere(address: string): Promise<boolean>;
  close(): void;
}

const deadlineMs = 30_000;
const patienceMs = 10_000;
const pauseMs = 100;
const refreshMs = 10_000;
const askAgainMs = 1_000;
const avoidMs = 2_000;
const channelOptions = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.max_receive_message_length": -1,
  "grpc.keepalive_time_ms": 20_000,
  // What a proxy may send before this process turns to it; HTTP/2 alone has 64 KiB.
  "grpc-node.flow_control_window": 1024 * 1024,
  "grpc.enable_channelz": 0,
};

/** Goes round the proxies that serve a namespace. */
export function connection({ namespace, token, endpoints, region }: ConnectionOptions): Connection {
  const clients = new Map<string, Client>();
  const avoided = new Map<string, number>();
  let known: readonly Endpoint[] =
    typeof endpoints === "function" ? [] : endpoints.map((address) => ({ address }));
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  let closed = false;

  const ask = async (discovery: Discovery): Promise<void> => {
    try {
      known = await discovery(await tokenOf(token));
      askedAt = performance.now();
    } catch (error) {
      // Those we know may serve on while nobody answers, and not wait for that at every call.
      if (known.length === 0) throw error;
      askedAt = performance.now() - refreshMs + askAgainMs;
    } finally {
      asking = undefined;
    }
  };

  /** Waits for an answer only where nothing is known, or what was known has just failed. */
  const look = async (): Promise<void> => {
    const age = performance.now() - askedAt;
    // That nobody serves it is true for the moment: a proxy may be starting.
    const restMs = known.length > 0 ? refreshMs : pauseMs;
    if (typeof endpoints !== "function" || age < restMs) return;
    asking ??= ask(endpoints);
    if (known.length === 0 || age === Number.POSITIVE_INFINITY) await asking;
    else asking.catch(() => {});
  };

  const route = async (key?: string): Promise<string> => {
    await look();
    const isAvoided = (address: string): boolean => (avoided.get(address) ?? 0) >= performance.now();
    const address = choose(known, { region, key, avoided: isAvoided });
    if (closed) throw new PrismError("INTERNAL", "this client is closed");
    if (address === undefined) {
      throw new PrismError("NAMESPACE_NOT_READY", `no proxy serves '${namespace}' now`);
    }
    return address;
  };

  const client = (address: string): Client => {
    const found = clients.get(address) ?? new Client(address, credentials.createInsecure(), channelOptions);
    clients.set(address, found);
    return found;
  };

  const metadata = async (): Promise<Metadata> => {
    const entries = new Metadata();
    entries.set("authorization", `Bearer ${await tokenOf(token)}`);
    entries.set("prism-namespace", namespace);
    return entries;
  };

  const avoid = (address?: string): void => {
    askedAt = Number.NEGATIVE_INFINITY;
    if (address !== undefined) avoided.set(address, performance.now() + avoidMs);
  };

  const elsewhere = async (address: string): Promise<boolean> => {
    avoid(address);
    await look();
    return known.length > 0 && !known.some((one) => one.address === address);
  };

  const once = async <Method extends DescMethodUnary>(
    method: Method,
    request: MessageShape<Method["input"]>,
    address: string,
  ): Promise<MessageShape<Method["output"]>> => {
    const [to, sent] = [client(address), await metadata()];
    const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
    return new Promise((resolve, reject) => {
      to.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        sent,
        { deadline: Date.now() + deadlineMs },
        (error, response) =>
          error === null ? resolve(response as MessageShape<Method["output"]>) : reject(error),
      );
    });
  };

  return {
    async call(method, request) {
      const until = performance.now() + patienceMs;
      for (;;) {
        let address: string | undefined;
        try {
          address = await route();
          return await once(method, request, address);
        } catch (cause) {
          const error = cause instanceof PrismError ? cause : callError(cause as ServiceError);
          const harmless =
            error.code === "NAMESPACE_NOT_READY" || (error !== cause && neverSent(cause as ServiceError));
          const isMoved = error.code === "NOT_FOUND" && address !== undefined && (await elsewhere(address));
          if (closed || !(harmless || isMoved) || performance.now() > until) throw error;
          avoid(address);
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      }
    },

    route,

    async open(method, address) {
      const [to, sent] = [client(address ?? (await route())), await metadata()];
      const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
      return to.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, sent) as never;
    },

    avoid,
    elsewhere,

    close() {
      closed = true;
      for (const each of clients.values()) each.close();
    },
  };
}
