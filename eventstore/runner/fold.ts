import { createHash } from "node:crypto";
import type { Event, RecordedEvent } from "../../domain/event.ts";
import { canonicalJson, type Json, type JsonObject } from "../../domain/json.ts";
import type { Projection } from "../../domain/projections/projection.ts";

/** A projection whose event and row types the runner does not need to know. */
export type Fold = Projection<Event, JsonObject>;

/** What a row became at a position; without a row the event removed it. */
export type Change = {
  readonly key: string;
  readonly position: bigint;
  readonly row: JsonObject | undefined;
};

export type Folded = {
  /** In the order of the events. */
  readonly changes: readonly Change[];
  /** The events that were folded; short of the batch where one was refused. */
  readonly count: number;
  readonly failure: unknown;
};

/** Folds events into `rows`, which it changes. Stops before the first event the projection refuses. */
export function foldEvents(
  fold: Fold,
  events: readonly RecordedEvent[],
  rows: Map<string, JsonObject>,
): Folded {
  const changes: Change[] = [];
  let count = 0;
  for (const event of events) {
    try {
      const change = applyEvent(fold, event, rows);
      if (change !== undefined) changes.push(change);
    } catch (failure) {
      return { changes, count, failure };
    }
    count += 1;
  }
  return { changes, count, failure: undefined };
}

function applyEvent(fold: Fold, event: RecordedEvent, rows: Map<string, JsonObject>): Change | undefined {
  const key = fold.key(event);
  if (key === undefined) return undefined;
  const before = rows.get(key);
  const row = fold.apply(before, event);
  if (row === before) return undefined;
  if (row === undefined) rows.delete(key);
  else rows.set(key, row);
  return { key, position: event.position, row };
}

export type StoredForm = { readonly text: string; readonly digest: string };

/** The stored form of a row: its canonical JSON and the SHA-256 of it. */
export const stored = (row: JsonObject): StoredForm => digested(canonicalJson(row));

/**
 * The same for many states of the same rows. A fold changes a row by making another one of what it keeps: the
 * text of a member that stayed is made once.
 */
export function storedStates(): (row: JsonObject) => StoredForm {
  const texts = new Map<Json, string>();
  const textOf = (member: Json): string => {
    if (typeof member !== "object" || member === null) return canonicalJson(member);
    const known = texts.get(member);
    if (known !== undefined) return known;
    const text = canonicalJson(member);
    texts.set(member, text);
    return text;
  };
  return (row) => {
    let members = "";
    for (const name of Object.keys(row).sort()) {
      const member = row[name];
      if (member !== undefined) members += `${members && ","}${JSON.stringify(name)}:${textOf(member)}`;
    }
    return digested(`{${members}}`);
  };
}

const digested = (text: string): StoredForm => ({
  text,
  digest: createHash("sha256").update(text).digest("hex"),
});
