import type { DescMethod, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { grpcMethod } from "../../proto/grpc.ts";
import type { Discovery } from "./discovery.ts";
import { callError, neverSent, PrismError } from "./errors.ts";
import { type Token, tokenOf } from "./token.ts";

export type ConnectionOptions = {
  readonly namespace: string;
  readonly token: Token;
  /** host:port of proxies, or the question for them. */
  readonly endpoints: readonly string[] | Discovery;
};

export interface Connection {
  /** One question, one answer; repeated only where the first certainly did nothing. */
  call<Method extends DescMethodUnary>(
    method: Method,
    request: MessageShape<Method["input"]>,
  ): Promise<MessageShape<Method["output"]>>;
  /** A bidirectional stream to one of the proxies. */
  open<Method extends DescMethod>(
    method: Method,
  ): Promise<ClientDuplexStream<MessageShape<Method["input"]>, MessageShape<Method["output"]>>>;
  /** That a proxy has failed: the next call goes elsewhere, to where the namespace is served by then. */
  avoid(): void;
  close(): void;
}

const deadlineMs = 30_000;
const patienceMs = 10_000;
const pauseMs = 100;
const refreshMs = 30_000;
const channelOptions = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.max_receive_message_length": -1,
  "grpc.keepalive_time_ms": 20_000,
};

/** Goes round the proxies that serve a namespace. */
export function connection({ namespace, token, endpoints }: ConnectionOptions): Connection {
  const clients = new Map<string, Client>();
  let known: readonly string[] = typeof endpoints === "function" ? [] : endpoints;
  let askedAt = Number.NEGATIVE_INFINITY;
  let turn = 0;
  let closed = false;

  const addresses = async (): Promise<readonly string[]> => {
    if (typeof endpoints !== "function" || performance.now() - askedAt < refreshMs) return known;
    try {
      known = await endpoints(await tokenOf(token));
      askedAt = performance.now();
    } catch (error) {
      // Those we know may serve on while the control plane is away.
      if (known.length === 0) throw error;
    }
    return known;
  };

  const client = async (): Promise<Client> => {
    const at = await addresses();
    const address = at[turn++ % Math.max(at.length, 1)];
    if (closed) throw new PrismError("INTERNAL", "this client is closed");
    if (address === undefined) {
      throw new PrismError("NAMESPACE_NOT_READY", `no proxy serves '${namespace}' now`);
    }
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

  const avoid = (): void => {
    askedAt = Number.NEGATIVE_INFINITY;
  };

  const once = async <Method extends DescMethodUnary>(
    method: Method,
    request: MessageShape<Method["input"]>,
  ): Promise<MessageShape<Method["output"]>> => {
    const [to, sent] = await Promise.all([client(), metadata()]);
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
        try {
          return await once(method, request);
        } catch (cause) {
          const error = cause instanceof PrismError ? cause : callError(cause as ServiceError);
          const harmless =
            error.code === "NAMESPACE_NOT_READY" || (error !== cause && neverSent(cause as ServiceError));
          if (closed || !harmless || performance.now() > until) throw error;
          avoid();
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      }
    },

    async open(method) {
      const [to, sent] = await Promise.all([client(), metadata()]);
      const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
      return to.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, sent) as never;
    },

    avoid,

    close() {
      closed = true;
      for (const each of clients.values()) each.close();
    },
  };
}
