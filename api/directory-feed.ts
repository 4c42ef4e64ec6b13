import { EventEmitter, once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { RecordedEvent } from "../domain/event.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import { servingIn, shardsOf } from "../domain/projections/serving.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";

export type DirectoryChange = { readonly version: bigint; readonly row: NamespaceRow };

export type DirectorySnapshot = {
  /** The last change of the shard's entries that is in it. */
  readonly version: bigint;
  /** Everything up to this position is in it, also what changed no entry. */
  readonly upTo: bigint;
  readonly rows: readonly NamespaceRow[];
};

export interface DirectoryFeed {
  snapshot(shard: string, signal: AbortSignal): Promise<DirectorySnapshot>;
  /** Of the shard's entries as they are now: a snapshot's version. Whoever listens has been told all of it by then. */
  version(shard: string, signal: AbortSignal): Promise<bigint>;
  /** Calls `listener` for every change of a shard's entries from now on; answers how to stop. */
  listen(shard: string, listener: (change: DirectoryChange) => void): () => void;
  /** Follows the event store until `signal` aborts, also where the projection does not answer for a while. */
  run(signal: AbortSignal): Promise<void>;
}

const retryMs = 200;

/** What changes for proxies, in version order: one subscription, however many proxies watch. */
export function directoryFeed(store: EventStore, namespaces: ProjectionReader<NamespaceRow>): DirectoryFeed {
  const listeners = new Map<string, Set<(change: DirectoryChange) => void>>();

  const announcing = new EventEmitter().setMaxListeners(0);
  let announced = -1n;

  const announce = async (event: RecordedEvent, signal: AbortSignal): Promise<void> => {
    const { stream, position, metadata } = event;
    await namespaces.waitFor(position, signal);
    const row = await surely(() => namespaces.get(stream.slice(streamOf("").length)), signal);
    if (row === undefined) return;
    // An older change is contained in a newer row, and a row that is newer still is announced by its own event.
    const isLater = row.incarnation > metadata.incarnation;
    if (BigInt(row.directory_version) < position && !isLater) return;
    for (const shard of new Set([...shardsOf(row), ...shardIn(event)])) {
      for (const listener of listeners.get(shard) ?? []) listener({ version: position, row });
    }
  };

  const reached = (position: bigint): void => {
    announced = position;
    announcing.emit("reached");
  };

  const hasReached = async (position: bigint, signal: AbortSignal): Promise<void> => {
    while (announced < position && !signal.aborted)
      await once(announcing, "reached", { signal }).catch(() => {});
  };

  const snapshot = async (shard: string, signal: AbortSignal): Promise<DirectorySnapshot> => {
    // What comes after this snapshot is announced.
    await hasReached(0n, signal);
    const upTo = await store.head();
    await namespaces.waitFor(upTo, signal);
    const found = new Map<string, NamespaceRow>();
    // Its own twice: one that is moved meanwhile changes from one list to the other.
    for (const where of [{ shard }, { beside_shard: shard }, { shard }]) {
      for await (const { key, row } of namespaces.scan({ where })) found.set(key, row);
    }
    const rows = [...found.values()];
    const version = rows.reduce(
      (last, { directory_version: v }) => (BigInt(v) > last ? BigInt(v) : last),
      0n,
    );
    return { version, upTo, rows: rows.filter((row) => servingIn(row, shard) !== "none") };
  };

  return {
    snapshot,

    async version(shard, signal) {
      const { version, upTo } = await snapshot(shard, signal);
      await hasReached(upTo, signal);
      return version;
    },

    listen(shard, listener) {
      const ours = listeners.get(shard) ?? new Set();
      listeners.set(shard, ours.add(listener));
      return () => ours.delete(listener);
    },

    async run(signal) {
      const filter = { streamPrefixes: [streamOf("")] };
      const after = await surely(() => store.head(), signal);
      reached(after);
      for await (const item of store.subscribe({ after, filter, signal })) {
        if (item.kind === "event") await announce(item.event, signal);
        reached(item.kind === "event" ? item.event.position : item.position);
      }
    },
  };
}

/** Nothing may be passed over: what fails is done again. */
async function surely<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch {
      await pause(retryMs, undefined, { signal });
    }
  }
}

/** The one that an event names: a row that is newer may know nothing of it any more. */
const shardIn = ({ data }: RecordedEvent): readonly string[] =>
  typeof data["shard"] === "string" ? [data["shard"]] : [];
