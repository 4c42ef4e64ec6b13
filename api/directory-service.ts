import { create } from "@bufbuild/protobuf";
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { inUse, type Leases } from "../control/leases.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import { servingIn } from "../domain/projections/serving.ts";
import {
  type Hello,
  type Status,
  type WatchNamespacesRequest,
  type WatchNamespacesResponse,
  WatchNamespacesResponseSchema,
} from "../proto/gen/prism/control/v1/control_pb.js";
import type { Log } from "../runtime/log.ts";
import { callingPeer } from "../runtime/mutual-tls.ts";
import { type Peer, peerText, samePeer } from "../runtime/peer.ts";
import { type Acknowledgements, acknowledgements } from "./acknowledgements.ts";
import { directoryEntry } from "./directory-entry.ts";
import type { DirectoryChange, DirectoryFeed } from "./directory-feed.ts";

export type DirectoryServiceDependencies = {
  readonly feed: DirectoryFeed;
  readonly leases: Leases;
  readonly leaseMs: number;
  /** Of namespaces that may be served without the control plane. */
  readonly staleMs: number;
  readonly log: Log;
};

type Call = ServerDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>;

/** One proxy's stream, from its hello on. */
type Watched = {
  readonly hello: Hello;
  readonly sent: Acknowledgements;
  /** What it has to have in force before it gets a lease: nobody waited for it while that changed. */
  owes: bigint;
  /** The last of this stream; `undefined`: there is nothing yet that a goodbye could give back. */
  renewal: string | undefined;
  /** Statuses are answered one after the other. */
  turn: Promise<void>;
};

/**
 * The stream a proxy lives by: a snapshot, then every change in version order; each of its
 * Status messages renews its lease and acknowledges what it has in force. A proxy is who its
 * certificate says, so that none can hold or give back another's lease.
 */
export const directoryService = (deps: DirectoryServiceDependencies) => ({
  watchNamespaces(call: Call) {
    const peer = callingPeer(call);
    const gone = new AbortController();
    let watched: Watched | undefined;
    let stop = () => {};

    call.on("data", ({ request }: WatchNamespacesRequest) => {
      if (request.case === "hello" && watched === undefined) {
        const hello = request.value;
        if (!isItself(peer, hello)) return refuseAnother(deps, call, peer, hello);
        watched = {
          hello,
          sent: acknowledgements(deps.leaseMs),
          owes: 0n,
          renewal: undefined,
          turn: Promise.resolve(),
        };
        deps.log.info({ proxy: hello.proxy, shard: hello.shard }, "proxy watches");
        watch(deps, call, watched, gone.signal).then(
          (stopWatching) => {
            stop = stopWatching;
            if (gone.signal.aborted) stop();
          },
          (error: unknown) => refuse(deps, call, error),
        );
      } else if (request.case === "status" && watched !== undefined) {
        const [known, status] = [watched, request.value];
        known.turn = known.turn
          .then(() => renew(deps, call, known, status, gone.signal))
          .catch((error: unknown) => refuse(deps, call, error));
      } else if (request.case === "goodbye" && watched !== undefined) {
        // It has stopped serving: nobody need wait for its acknowledgement.
        const known = watched;
        known.turn = known.turn
          .then(() => release(deps, known))
          .catch((error: unknown) => deps.log.warn(String(error)));
      }
    });
    const leave = () => {
      gone.abort();
      stop();
    };
    call.on("cancelled", leave);
    call.on("error", leave);
    call.on("end", () => {
      // Without a goodbye it was cut off, and may go on serving: its lease runs.
      leave();
      call.end();
    });
  },
});

async function watch(
  { feed, staleMs }: DirectoryServiceDependencies,
  call: Call,
  { hello, sent }: Watched,
  signal: AbortSignal,
): Promise<() => void> {
  // Listens before it reads the snapshot, so that nothing falls between the two.
  const early: DirectoryChange[] = [];
  let deliver = (change: DirectoryChange): void => void early.push(change);
  const stop = feed.listen(hello.shard, (change) => deliver(change));
  const { version, upTo, rows } = await feed.snapshot(hello.shard, signal).catch((error: unknown) => {
    stop();
    throw error;
  });
  sent.sent(version);
  const entries = rows.map((row) => directoryEntry(row, hello.shard, staleMs));
  send(call, { case: "snapshot", value: { version, entries } });
  deliver = (change) => {
    if (change.version <= upTo) return;
    sent.sent(change.version);
    const value = { version: change.version, ...changed(change.row, hello.shard, staleMs) };
    send(call, { case: "change", value });
  };
  for (const change of early) deliver(change);
  return stop;
}

const changed = (row: NamespaceRow, shard: string, staleMs: number) =>
  servingIn(row, shard) === "none"
    ? { removed: [row.namespace], entries: [] }
    : { removed: [], entries: [directoryEntry(row, shard, staleMs)] };

async function renew(
  { feed, leases, leaseMs }: DirectoryServiceDependencies,
  call: Call,
  watched: Watched,
  said: Status,
  signal: AbortSignal,
): Promise<void> {
  const { hello, sent } = watched;
  const { proxy, shard, address, probeAddress, region } = hello;
  const { appliedVersion, load, healthy, refused, inFlight, underWay = null } = said;
  sent.acknowledged(appliedVersion);
  const late = sent.overdue();
  // It leaves the live set with the lease it has, and comes back with a new snapshot.
  if (late !== undefined) throw new Error(`${proxy} has not put version ${late} into force within a lease`);
  const where = { proxy, shard, address, probeAddress, region };
  const renewal = { ...where, appliedVersion, load, healthy, refused, inFlight, underWay, leaseMs };
  // First counted, then looked: what is taken away from here on waits for it, what was before is found.
  const { counted, draining, renewal: of } = await leases.renew(renewal);
  watched.renewal = of;
  if (!counted) {
    watched.owes = await feed.version(shard, signal);
    // What it was told last may have taken away the very entry that would say so.
    if (sent.last > watched.owes) watched.owes = sent.last;
  }
  const proxies = inUse(await leases.live(shard)).length;
  // A lease of no length: it is waited for, and may not serve on what it has.
  const durationMs = appliedVersion >= watched.owes ? leaseMs : 0;
  send(call, { case: "lease", value: { durationMs, proxies, draining } });
}

async function release({ leases }: DirectoryServiceDependencies, { hello, renewal }: Watched): Promise<void> {
  if (renewal !== undefined) await leases.release(hello.proxy, renewal);
}

const isItself = (peer: Peer | undefined, { proxy, shard }: Hello): boolean =>
  samePeer(peer, { role: "proxy", shard, id: proxy });

function refuseAnother(
  { log }: DirectoryServiceDependencies,
  call: Call,
  peer: Peer | undefined,
  { proxy, shard }: Hello,
): void {
  const details = `this certificate is of ${peerText(peer)}, not of proxy/${shard}/${proxy}`;
  log.warn({ proxy, shard, certificate: peerText(peer) }, "a peer that says it is another was refused");
  call.emit("error", { code: status.PERMISSION_DENIED, details });
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
