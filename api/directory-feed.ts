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
  /** Of the shard's entries as they are now: a snapshot's version. */
  version(shard: string, signal: AbortSignal): Promise<bigint>;
  /** Calls `listener` for every change of a shard's entries from now on; answers how to stop. */
  listen(shard: string, listener: (change: DirectoryChange) => void): () => void;
  /** Follows the event store until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What changes for proxies, in version order: one subscription, however many proxies watch. */
export function directoryFeed(store: EventStore, namespaces: ProjectionReader<NamespaceRow>): DirectoryFeed {
  const listeners = new Map<string, Set<(change: DirectoryChange) => void>>();

  const announce = async (namespace: string, position: bigint, signal: AbortSignal) => {
    await namespaces.waitFor(position, signal);
    const row = await namespaces.get(namespace);
    // An older change is contained in a newer row, and a row that is newer still is announced by its own event.
    if (row === undefined || BigInt(row.directory_version) < position) return;
    for (const shard of shardsOf(row)) {
      for (const listener of listeners.get(shard) ?? []) listener({ version: position, row });
    }
  };

  const snapshot = async (shard: string, signal: AbortSignal): Promise<DirectorySnapshot> => {
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

    version: async (shard, signal) => (await snapshot(shard, signal)).version,

    listen(shard, listener) {
      const ours = listeners.get(shard) ?? new Set();
      listeners.set(shard, ours.add(listener));
      return () => ours.delete(listener);
    },

    async run(signal) {
      const filter = { streamPrefixes: [streamOf("")] };
      for await (const item of store.subscribe({ after: await store.head(), filter, signal })) {
        if (item.kind !== "event") continue;
        const { stream, position } = item.event;
        await announce(stream.slice(streamOf("").length), position, signal);
      }
    },
  };
}
