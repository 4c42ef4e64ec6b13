import { create } from "@bufbuild/protobuf";
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Leases } from "../control/leases.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import {
  type Hello,
  type Status,
  type WatchNamespacesRequest,
  type WatchNamespacesResponse,
  WatchNamespacesResponseSchema,
} from "../proto/gen/prism/control/v1/control_pb.js";
import { controlCredentialMatches } from "../runtime/control-credential.ts";
import type { Log } from "../runtime/log.ts";
import { directoryEntry } from "./directory-entry.ts";
import type { DirectoryChange, DirectoryFeed } from "./directory-feed.ts";

export type DirectoryServiceDependencies = {
  readonly feed: DirectoryFeed;
  readonly leases: Leases;
  readonly credential: string;
  readonly leaseMs: number;
  readonly log: Log;
};

type Call = ServerDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>;

/**
 * The stream a proxy lives by: a snapshot, then every change in version order; each of its
 * Status messages renews its lease and acknowledges what it has in force.
 */
export const directoryService = (deps: DirectoryServiceDependencies) => ({
  watchNamespaces(call: Call) {
    if (!controlCredentialMatches(call.metadata, deps.credential)) {
      call.emit("error", {
        code: status.UNAUTHENTICATED,
        details: "the control credential is missing or wrong",
      });
      return;
    }
    const gone = new AbortController();
    let hello: Hello | undefined;
    let stop = () => {};

    call.on("data", ({ request }: WatchNamespacesRequest) => {
      if (request.case === "hello" && hello === undefined) {
        hello = request.value;
        deps.log.info({ proxy: hello.proxy, shard: hello.shard }, "proxy watches");
        watch(deps, call, hello, gone.signal).then(
          (stopWatching) => {
            stop = stopWatching;
            if (gone.signal.aborted) stop();
          },
          (error: unknown) => refuse(deps, call, error),
        );
      } else if (request.case === "status" && hello !== undefined) {
        renew(deps, call, hello, request.value).catch((error: unknown) => refuse(deps, call, error));
      }
    });
    const leave = () => {
      gone.abort();
      stop();
    };
    call.on("cancelled", leave);
    call.on("error", leave);
    call.on("end", () => {
      leave();
      // A proxy that ends its side has stopped serving: nobody need wait for its acknowledgement.
      if (hello !== undefined)
        deps.leases.release(hello.proxy).catch((error: unknown) => deps.log.warn(String(error)));
      call.end();
    });
  },
});

async function watch(
  { feed }: DirectoryServiceDependencies,
  call: Call,
  { shard }: Hello,
  signal: AbortSignal,
): Promise<() => void> {
  // Listens before it reads the snapshot, so that nothing falls between the two.
  const early: DirectoryChange[] = [];
  let deliver = (change: DirectoryChange): void => void early.push(change);
  const stop = feed.listen(shard, (change) => deliver(change));
  const { version, upTo, rows } = await feed.snapshot(shard, signal);
  send(call, { case: "snapshot", value: { version, entries: rows.map(directoryEntry) } });
  deliver = (change) => {
    if (change.version > upTo)
      send(call, { case: "change", value: { version: change.version, ...changed(change.row) } });
  };
  for (const change of early) deliver(change);
  return stop;
}

const changed = (row: NamespaceRow) =>
  row.serving === "none"
    ? { removed: [row.namespace], entries: [] }
    : { removed: [], entries: [directoryEntry(row)] };

async function renew(
  { leases, leaseMs }: DirectoryServiceDependencies,
  call: Call,
  { proxy, shard, address, region }: Hello,
  said: Status,
): Promise<void> {
  const { appliedVersion, load, healthy, refused } = said;
  await leases.renew({ proxy, shard, address, region, appliedVersion, load, healthy, refused, leaseMs });
  send(call, { case: "lease", value: { durationMs: leaseMs } });
}

type Init = NonNullable<Parameters<typeof create<typeof WatchNamespacesResponseSchema>>[1]>;

function send(call: Call, response: NonNullable<Init["response"]>): void {
  if (call.writable) call.write(create(WatchNamespacesResponseSchema, { response }));
}

function refuse({ log }: DirectoryServiceDependencies, call: Call, error: unknown): void {
  if (call.cancelled) return;
  log.warn({ error: String(error) }, "a proxy's stream was ended");
  call.emit("error", { code: status.UNAVAILABLE, details: "the control plane cannot answer now" });
}
