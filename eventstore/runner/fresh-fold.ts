import type { RecordedEvent } from "../../domain/event.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { EventStore } from "../event-store.ts";
import { type Change, type Fold, foldEvents, stored } from "./fold.ts";

/** A row's state from one position to the next; to none as long as it lasts. */
export type State = { readonly from: bigint; to: bigint | undefined; readonly digest: string };

/** What became of a row, short enough to be kept for many: the row's last state, and the digests of all of them. */
export type Fresh = {
  /** By key; without a row where the last event removed it. */
  readonly last: Map<string, Change>;
  /** Each state a row had, in order. */
  readonly states: Map<string, State[]>;
  /** Folds what was recorded since, up to `position`. */
  advance(position: bigint): Promise<void>;
};

/** Folds the log anew for the keys that are wanted, away from every table. */
export function freshFold(store: EventStore, fold: Fold, wanted: (key: string) => boolean): Fresh {
  const rows = new Map<string, JsonObject>();
  const last = new Map<string, Change>();
  const states = new Map<string, State[]>();
  let seen = 0n;
  return {
    last,
    states,
    async advance(position) {
      for await (const change of changesBetween(store, fold, wanted, rows, seen, position)) {
        last.set(change.key, change);
        remember(states, change);
      }
      seen = position;
    },
  };
}

function remember(states: Map<string, State[]>, { key, position, row }: Change): void {
  const past = states.get(key) ?? [];
  const current = past.at(-1);
  if (current !== undefined && current.to === undefined) current.to = position;
  if (row !== undefined) past.push({ from: position, to: undefined, digest: stored(row).digest });
  states.set(key, past);
}

/** Every change of the wanted keys up to a position: what their tables must hold. */
export async function allChanges(
  store: EventStore,
  fold: Fold,
  keys: ReadonlySet<string>,
  position: bigint,
): Promise<Change[]> {
  const changes: Change[] = [];
  const source = changesBetween(store, fold, (key) => keys.has(key), new Map(), 0n, position);
  for await (const change of source) changes.push(change);
  return changes;
}

async function* changesBetween(
  store: EventStore,
  fold: Fold,
  wanted: (key: string) => boolean,
  rows: Map<string, JsonObject>,
  after: bigint,
  position: bigint,
): AsyncGenerator<Change> {
  const filter = { streamPrefixes: fold.streams };
  for await (const event of store.readAll({ after, filter })) {
    if (event.position > position) return;
    if (!concerns(fold, event, wanted)) continue;
    const { changes, failure } = foldEvents(fold, [event], rows);
    if (failure !== undefined) throw failure;
    yield* changes;
  }
}

function concerns(fold: Fold, event: RecordedEvent, wanted: (key: string) => boolean): boolean {
  const key = fold.key(event);
  return key !== undefined && wanted(key);
}
