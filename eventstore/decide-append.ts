import type { RecordedEvent } from "../domain/event.ts";
import { type Expected, StoreError } from "./event-store.ts";
import { chainHash } from "./hash-chain.ts";
import type { PreparedEvent } from "./valid-append.ts";

export type Append = {
  readonly stream: string;
  readonly events: readonly PreparedEvent[];
  readonly expected: Expected;
};

/** What has to be known of the log to decide: its end, the ends of the streams, and the ids that are taken. */
export type LogEnd = {
  position: bigint;
  recordedAt: Date;
  readonly streams: Map<string, StreamEnd>;
  readonly byId: Map<string, RecordedEvent>;
};

export type StreamEnd = { readonly revision: bigint; readonly position: bigint; readonly hash: string };

export type Verdict =
  | { readonly kind: "new" | "repeated"; readonly events: readonly RecordedEvent[] }
  | { readonly kind: "refused"; readonly error: StoreError };

/**
 * Decides one append and, if it is accepted, moves `log` to the end it then has, so that the next append of
 * the same transaction is decided on what this one left.
 */
export function decideAppend(log: LogEnd, append: Append, now: Date): Verdict {
  const known = append.events.flatMap(({ id }) => log.byId.get(id) ?? []);
  if (known.length > 0) return repeated(append, known);
  const reused = firstDuplicate(append.events);
  if (reused !== undefined) return refused(idConflict(reused, `twice in one append to '${append.stream}'`));

  const end = log.streams.get(append.stream);
  const conflict = revisionConflict(append, end?.revision);
  if (conflict !== undefined) return refused(conflict);
  return { kind: "new", events: record(log, append, end, now) };
}

/** A repeated append answers what is stored, whatever it expects now: the first one was right about it. */
function repeated({ stream, events }: Append, known: readonly RecordedEvent[]): Verdict {
  const [first] = known;
  const same =
    first !== undefined &&
    known.length === events.length &&
    known.every(
      (event, index) => event.stream === stream && event.revision === first.revision + BigInt(index),
    );
  if (same) return { kind: "repeated", events: known };
  return refused(idConflict(first?.id ?? "", `already in '${first?.stream}', and not as this append has it`));
}

function firstDuplicate(events: readonly PreparedEvent[]): string | undefined {
  const seen = new Set<string>();
  for (const { id } of events) {
    if (seen.has(id)) return id;
    seen.add(id);
  }
  return undefined;
}

function revisionConflict({ stream, expected }: Append, actual: bigint | undefined): StoreError | undefined {
  const holds =
    expected === "any" ||
    (expected === "noStream" && actual === undefined) ||
    (expected === "streamExists" && actual !== undefined) ||
    expected === actual;
  if (holds) return undefined;
  const found = actual === undefined ? "does not exist" : `is at revision ${actual}`;
  return new StoreError("RevisionConflict", `append to '${stream}': expected ${expected}, but it ${found}`, {
    actual,
  });
}

function record(log: LogEnd, append: Append, end: StreamEnd | undefined, now: Date): RecordedEvent[] {
  const { stream } = append;
  // A clock that was turned back must not let a later event carry an earlier time: a time is one position.
  if (now > log.recordedAt) log.recordedAt = now;
  let revision = end?.revision ?? -1n;
  let previous = end?.hash ?? null;
  const recorded = append.events.map((event): RecordedEvent => {
    revision += 1n;
    log.position += 1n;
    const recordedAt = log.recordedAt;
    const hash = chainHash(event, { stream, revision, recordedAt, previous });
    previous = hash;
    return {
      position: log.position,
      stream,
      revision,
      id: event.id,
      type: event.type,
      data: JSON.parse(event.dataText),
      metadata: JSON.parse(event.metadataText),
      recordedAt,
      hash,
    };
  });
  for (const event of recorded) log.byId.set(event.id, event);
  if (previous !== null) log.streams.set(stream, { revision, position: log.position, hash: previous });
  return recorded;
}

const refused = (error: StoreError): Verdict => ({ kind: "refused", error });
const idConflict = (id: string, why: string) => new StoreError("EventIdConflict", `event id ${id} is ${why}`);
