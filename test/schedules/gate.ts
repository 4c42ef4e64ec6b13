import { readFileSync } from "node:fs";
import {
  Client,
  type ClientDuplexStream,
  Metadata,
  Server,
  type ServerDuplexStream,
  status,
} from "@grpc/grpc-js";
import {
  DirectoryService,
  type WatchNamespacesRequest,
  type WatchNamespacesResponse,
} from "../../proto/gen/prism/control/v1/control_pb.js";
import { grpcMethod, grpcService } from "../../proto/grpc.ts";
import { forPeers, type Identity, peerChannel, toPeer } from "../../runtime/mutual-tls.ts";
import type { Peer } from "../../runtime/peer.ts";
import type { TestPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";

/** What passes between a proxy and its control plane. */
export type Kind = "hello" | "status" | "goodbye" | "snapshot" | "change" | "lease";

/** Stands between one proxy and the control plane, and lets through what a schedule says, when it says so. */
export type Gate = {
  /** host:port, in place of the control plane's. */
  readonly address: string;
  /** From now on these wait until they are taken. */
  hold(...kinds: readonly Kind[]): void;
  /** Lets through what waits of a kind; where nothing does, the first that comes. Rejects when nothing has come. */
  take(kind: Kind, patienceMs: number): Promise<void>;
  /** Resolves when one waits that has come after this call. */
  next(kind: Kind, patienceMs: number): Promise<void>;
  /** No connection, until it is mended or all is healed. */
  cut(): void;
  /** Connections come up again; what is held is held. */
  mend(): void;
  /** Everything passes again. */
  heal(): void;
  close(): void;
};

type Held = { readonly kind: Kind; readonly pass: () => void };
type Down = ServerDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>;
type Up = ClientDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>;

export async function gate(prism: TestPrism, proxy: Peer): Promise<Gate> {
  const [own, proxys] = await Promise.all([
    identity(prism, { role: "control", name: "gate" }),
    identity(prism, proxy),
  ]);
  const address = prism.environment["PRISM_CONTROL_ADDRESS"] ?? "";
  const client = new Client(
    address,
    toPeer(proxys, (peer) => peer?.role === "control"),
    peerChannel,
  );
  const holding = new Set<Kind>();
  const calls = new Set<() => void>();
  let held: Held[] = [];
  let isCut = false;

  const arrived = (kind: string | undefined, pass: () => void): void => {
    if (holding.has(kind as Kind)) held.push({ kind: kind as Kind, pass });
    else pass();
  };
  const watchNamespaces = (down: Down): void => {
    if (isCut) return void down.emit("error", { code: status.UNAVAILABLE, details: "cut off" });
    const up = open(client);
    const end = (): void => {
      calls.delete(end);
      up.cancel();
      down.emit("error", { code: status.UNAVAILABLE, details: "cut off" });
    };
    calls.add(end);
    down.on("data", (message: WatchNamespacesRequest) =>
      arrived(message.request.case, () => up.write(message)),
    );
    up.on("data", (message: WatchNamespacesResponse) =>
      arrived(message.response.case, () => down.writable && down.write(message)),
    );
    down.on("end", () => up.end());
    down.on("cancelled", () => up.cancel());
    up.on("end", () => down.end());
    up.on("error", () => calls.has(end) && end());
  };
  const server = new Server();
  server.addService(grpcService(DirectoryService), { watchNamespaces });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", forPeers(own), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const waits = (kind: Kind): boolean => held.some((one) => one.kind === kind);

  return {
    address: `127.0.0.1:${port}`,
    hold(...kinds) {
      for (const kind of kinds) holding.add(kind);
    },
    async take(kind, patienceMs) {
      await until(() => waits(kind), patienceMs);
      const taken = held.filter((one) => one.kind === kind);
      held = held.filter((one) => one.kind !== kind);
      for (const { pass } of taken) pass();
    },
    async next(kind, patienceMs) {
      held = held.filter((one) => one.kind !== kind);
      await until(() => waits(kind), patienceMs);
    },
    cut() {
      isCut = true;
      held = [];
      for (const end of [...calls]) end();
    },
    mend() {
      isCut = false;
    },
    heal() {
      isCut = false;
      holding.clear();
      const late = held;
      held = [];
      for (const { pass } of late) pass();
    },
    close() {
      client.close();
      server.forceShutdown();
    },
  };
}

async function identity(prism: TestPrism, peer: Peer): Promise<Identity> {
  const files = await prism.certificate(peer);
  const read = (variable: string): Buffer => readFileSync(files[variable] ?? "");
  return { ca: read("PRISM_CONTROL_CA"), cert: read("PRISM_CONTROL_CERT"), key: read("PRISM_CONTROL_KEY") };
}

function open(client: Client): Up {
  const method = grpcMethod(DirectoryService.method.watchNamespaces);
  const { path, requestSerialize, responseDeserialize } = method;
  return client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    new Metadata(),
  ) as unknown as Up;
}
