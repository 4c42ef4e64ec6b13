import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Server, type ServerDuplexStream } from "@grpc/grpc-js";
import {
  DirectoryService,
  type Entry,
  EntrySchema,
  type Hello,
  type LimitsSchema,
  State,
  type Status,
  type WatchNamespacesRequest,
  type WatchNamespacesResponse,
  WatchNamespacesResponseSchema,
} from "../../proto/gen/prism/control/v1/control_pb.js";
import { grpcService } from "../../proto/grpc.ts";
import { forPeers } from "../../runtime/mutual-tls.ts";
import { until } from "../setup/until.ts";
import { identityOf } from "./identities.ts";
import { opened } from "./opened.ts";

export type ControlPlaneOptions = {
  readonly leaseMs?: number;
  readonly port?: number;
  /** What happens meanwhile when a proxy says goodbye: its stream is ended after that. */
  readonly goodbye?: () => Promise<unknown>;
};

/** As much of a control plane as a proxy sees. Closed at the latest with what its test file opened. */
export async function controlPlane({ leaseMs = 2_000, port = 0, goodbye }: ControlPlaneOptions = {}) {
  const entries = new Map<string, Entry>();
  /** Who is connected, and what version it has in force. */
  const streams = new Map<
    ServerDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>,
    { readonly proxy: string; applied: bigint }
  >();
  /** Started, and not connected yet. */
  const awaited = new Set<string>();
  const statuses: Status[] = [];
  const hellos: Hello[] = [];
  let goodbyes = 0;
  let version = 0n;

  const say = (
    response: NonNullable<MessageInitShape<typeof WatchNamespacesResponseSchema>["response"]>,
    to: (proxy: string) => boolean = () => true,
  ) => {
    for (const [stream, { proxy }] of streams) {
      if (to(proxy)) stream.write(create(WatchNamespacesResponseSchema, { response }));
    }
  };

  const entered = (changed: Entry) => {
    version++;
    const entry = { ...changed, directoryVersion: version };
    entries.set(entry.namespace, entry);
    return { case: "change" as const, value: { version, entries: [entry] } };
  };

  const server = new Server();
  server.addService(grpcService(DirectoryService), {
    watchNamespaces(call: ServerDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>) {
      let said: Promise<unknown> = Promise.resolve();
      call.on("data", ({ request }: WatchNamespacesRequest) => {
        if (request.case === "goodbye") {
          goodbyes++;
          said = goodbye?.() ?? said;
        }
        if (request.case === "hello") {
          hellos.push(request.value);
          streams.set(call, { proxy: request.value.proxy, applied: -1n });
          awaited.delete(request.value.proxy);
          const value = { version, entries: [...entries.values()] };
          call.write(create(WatchNamespacesResponseSchema, { response: { case: "snapshot", value } }));
        }
        if (request.case !== "status") return;
        statuses.push(request.value);
        const of = streams.get(call);
        if (of !== undefined) of.applied = request.value.appliedVersion;
        const lease = { case: "lease", value: { durationMs: leaseMs } } as const;
        call.write(create(WatchNamespacesResponseSchema, { response: lease }));
      });
      call.on("cancelled", () => streams.delete(call));
      call.on("end", () => {
        streams.delete(call);
        void said.then(() => call.end());
      });
    },
  });
  const credentials = forPeers(await identityOf({ role: "control", name: "api" }));
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, actual) =>
      error ? reject(error) : resolve(actual),
    ),
  );

  const close = async (): Promise<void> => server.forceShutdown();
  opened.defer(close);

  return {
    port: bound,
    address: `127.0.0.1:${bound}`,
    statuses,
    hellos,
    get goodbyes() {
      return goodbyes;
    },
    get version() {
      return version;
    },
    put(changed: Entry): bigint {
      say(entered(changed));
      return version;
    },
    /** One proxy hears of it, and begins what it does, before the others do: they do when `begun` resolves. */
    async putFirst(changed: Entry, first: string, begun: () => Promise<void>): Promise<void> {
      const change = entered(changed);
      say(change, (proxy) => proxy === first);
      await begun();
      say(change, (proxy) => proxy !== first);
    },
    remove(namespace: string): bigint {
      version++;
      entries.delete(namespace);
      say({ case: "change", value: { version, removed: [namespace] } });
      return version;
    },
    /** A proxy is about to connect: until it has, or what is answered was called, nothing is acknowledged. */
    awaits(proxy: string): () => void {
      awaited.add(proxy);
      return () => void awaited.delete(proxy);
    },
    /** Resolves when all proxies have acknowledged everything said so far. */
    async acknowledged(withinMs = 30_000): Promise<void> {
      const have = () => [...streams.values()].every(({ applied }) => applied >= version);
      await until(() => awaited.size === 0 && streams.size > 0 && have(), withinMs, 10);
    },
    close,
  };
}

export type ControlPlane = Awaited<ReturnType<typeof controlPlane>>;

type More = Partial<
  Pick<
    Entry,
    "state" | "version" | "incarnation" | "ordered" | "staleLimitMs" | "clientApi" | "directoryVersion"
  >
> & {
  readonly limits?: MessageInitShape<typeof LimitsSchema>;
  readonly patterns?: { type: string; version: number; config?: Record<string, boolean | number> }[];
  readonly consumers?: { service: string; writes: boolean }[];
};

/** What a durable queue with replay runs through; its tables are `provision`ed. */
export const logged = [
  { type: "wal", version: 1, config: { fsync_enabled: true } },
  { type: "replay-store", version: 1, config: { retention_days: 30 } },
];

/** A queue that team-orders owns, order-api writes to and billing may only read. */
export const queueEntry = (namespace: string, topic: string, more: More = {}): Entry =>
  create(EntrySchema, {
    namespace,
    incarnation: 1,
    version: 1,
    team: "team-orders",
    clientApi: "queue",
    state: State.SERVING,
    patterns: [],
    backend: { type: "kafka", config: { topic } },
    ownerTeams: ["team-orders"],
    consumers: [
      { service: "order-api", writes: true },
      { service: "billing", writes: false },
    ],
    limits: { maxMessageBytes: 1_000_000n, writeRps: 5_000, readRps: 10_000, connections: 100 },
    staleLimitMs: 900_000,
    ...more,
  });
