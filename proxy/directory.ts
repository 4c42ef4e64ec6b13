import { create } from "@bufbuild/protobuf";
import {
  type Change,
  type Entry,
  type Snapshot,
  SnapshotSchema,
} from "../proto/gen/prism/control/v1/control_pb.js";
import { asPrismError } from "./grpc-error.ts";

/** What the control plane says this shard's proxies serve, as far as this proxy can. */
export interface Directory<Served> {
  /** Everything up to here is in force, but for what is `refused`. */
  readonly version: bigint;
  /** Whether the control plane, or the copy on disk, has said anything yet. */
  readonly known: boolean;
  /** Namespaces whose newest entry this build cannot serve, and why. What was in force before still is. */
  readonly refused: ReadonlyMap<string, string>;
  get(namespace: string): Served | undefined;
  all(): readonly Served[];
  /** All there is. */
  replace(snapshot: Snapshot): void;
  change(change: Change): void;
  snapshot(): Snapshot;
  /** Resolves at the next change, at the latest after `withinMs`. */
  changed(withinMs: number): Promise<void>;
  /** Called after every change. */
  onChange(listener: () => void): void;
}

type Serving<Served> = {
  /** Puts an entry into force; throws where this build cannot. */
  readonly serve: (entry: Entry, before: Served | undefined) => Served;
  readonly stop: (served: Served) => void;
};

/** Entries and what serves them change together: whoever finds one finds it ready. */
export function directory<Served>({ serve, stop }: Serving<Served>): Directory<Served> {
  const table = new Map<string, { entry: Entry; served: Served }>();
  const refused = new Map<string, string>();
  const listeners = new Set<() => void>();
  let version = 0n;
  let known = false;

  const put = (entry: Entry): void => {
    const before = table.get(entry.namespace);
    // What has not changed since is left alone, with all that is under way in it.
    if (before !== undefined && isSame(before.entry, entry)) return;
    try {
      table.set(entry.namespace, { entry, served: serve(entry, before?.served) });
      refused.delete(entry.namespace);
    } catch (error) {
      refused.set(entry.namespace, asPrismError(error).message);
    }
  };

  const remove = (namespace: string): void => {
    const before = table.get(namespace);
    table.delete(namespace);
    refused.delete(namespace);
    if (before !== undefined) stop(before.served);
  };

  const applied = (next: bigint): void => {
    version = next;
    known = true;
    for (const listener of [...listeners]) listener();
  };

  return {
    get version() {
      return version;
    },
    get known() {
      return known;
    },
    refused,
    get: (namespace) => table.get(namespace)?.served,
    all: () => [...table.values()].map(({ served }) => served),
    replace(snapshot) {
      const named = new Set(snapshot.entries.map(({ namespace }) => namespace));
      for (const namespace of [...table.keys(), ...refused.keys()]) {
        if (!named.has(namespace)) remove(namespace);
      }
      for (const entry of snapshot.entries) put(entry);
      applied(snapshot.version);
    },
    change({ version: next, entries, removed }) {
      for (const namespace of removed) remove(namespace);
      for (const entry of entries) put(entry);
      applied(next);
    },
    snapshot: () =>
      create(SnapshotSchema, { version, entries: [...table.values()].map(({ entry }) => entry) }),
    changed: (withinMs) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          listeners.delete(done);
          resolve();
        };
        const timer = setTimeout(done, withinMs);
        listeners.add(done);
      }),
    onChange: (listener) => void listeners.add(listener),
  };
}

/** How long it may be served is the platform's to say, and no version of the namespace. */
const isSame = (a: Entry, b: Entry): boolean =>
  a.directoryVersion === b.directoryVersion && a.staleLimitMs === b.staleLimitMs;
