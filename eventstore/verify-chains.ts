import type { RecordedEvent } from "../domain/event.ts";
import { type Anchor, againstAnchors, emptyLog } from "./anchor.ts";
import type { EventStore } from "./event-store.ts";
import { recordedHash } from "./hash-chain.ts";

/** An event that is not as it was appended, or does not stand where it did; without a stream: the log as a whole. */
export type Finding = {
  readonly stream: string | null;
  readonly revision: bigint | null;
  readonly position: bigint;
  readonly wrong: string;
};

export type VerifiedPart = {
  readonly events: number;
  /** Those that begin here: over all parts, every stream counts once. */
  readonly streams: number;
  /** Everything up to here is looked at. */
  readonly position: bigint;
  readonly findings: readonly Finding[];
  /** Of everything up to here; null where that is not known. */
  readonly digest: string | null;
  /** How many anchors it was compared with. */
  readonly anchors: number;
};

export type Part = {
  readonly after: bigint;
  readonly limit: number;
  /** In the order of their positions. */
  readonly anchors?: readonly Anchor[];
  /** What the part before answered. */
  readonly digest?: string | null;
};

/** Where a stream stands: what its next event must follow. */
type End = {
  readonly revision: bigint;
  readonly hash: string | null;
  /** What the hash should have been: where that is another, what follows it is right all the same. */
  readonly due: string | null;
  readonly position: bigint;
};

const beginning: End = { revision: -1n, hash: null, due: null, position: 0n };
const lookupsAtOnce = 16;

/**
 * Verifies the chains of all streams in the next `limit` events after `after`. Each part stands for itself: what its
 * first events follow is read anew, so that a log of any length is verified with `limit` events in memory. A log that was
 * written anew with hashes that fit, or cut off at its end (`cutOff`), only anchors tell of.
 */
export async function verifyChains(
  store: EventStore,
  { after, limit, anchors = [], digest = after === 0n ? emptyLog : null }: Part,
): Promise<VerifiedPart> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll({ after, limit })) events.push(event);
  const ends = await endsBefore(store, events);
  const findings: Finding[] = [];
  const anchored = againstAnchors(anchors, digest);
  let position = after;
  for (const event of events) {
    const found = (wrong: string) => findings.push({ ...placeOf(event), wrong });
    if (store.gapless && event.position !== position + 1n) {
      found(`position ${position + 1n} is missing before it: an event was removed or moved`);
    }
    position = event.position;
    const { end, wrong } = follow(ends.get(event.stream) ?? beginning, event);
    if (wrong !== undefined) found(wrong);
    ends.set(event.stream, end);
    anchored.see(event);
  }
  const streams = events.filter(({ revision }) => revision === 0n).length;
  const whole = anchored.seen();
  findings.push(...whole.findings.map((one) => ({ stream: null, revision: null, ...one })));
  return { events: events.length, streams, position, findings, digest: whole.digest, anchors: whole.checked };
}

function follow(end: End, event: RecordedEvent): { readonly end: End; readonly wrong?: string } {
  const { hash, position } = event;
  const revision = end.revision + 1n;
  const due = recordedHash(event, end.hash);
  if (event.revision === revision) {
    const fits = hash === due || hash === recordedHash(event, end.due);
    const next = { revision, hash, due, position };
    if (!fits) return { end: next, wrong: "what is stored of it does not fit its hash" };
    if (end.position > position) return { end: next, wrong: `revision ${end.revision} stands behind it` };
    return { end: next };
  }
  if (hash === recordedHash({ ...event, revision }, end.hash)) {
    return { end: { revision, hash, due: hash, position }, wrong: `it was appended as revision ${revision}` };
  }
  if (event.revision < revision) return { end, wrong: `it stands after revision ${end.revision}` };
  const next = { revision: event.revision, hash, due: hash, position };
  return { end: next, wrong: `revision ${event.revision - 1n} is missing before it` };
}

/** What the first of these events of each stream follows, for streams that began before them. */
async function endsBefore(store: EventStore, events: readonly RecordedEvent[]): Promise<Map<string, End>> {
  const firsts = new Map(events.toReversed().map((event) => [event.stream, event]));
  const wanted = [...firsts.values()].filter(({ revision }) => revision > 0n);
  const ends = new Map<string, End>();
  const lookUp = async () => {
    for (let event = wanted.pop(); event !== undefined; event = wanted.pop()) {
      ends.set(event.stream, await endBefore(store, event));
    }
  };
  await Promise.all(Array.from({ length: lookupsAtOnce }, lookUp));
  return ends;
}

async function endBefore(store: EventStore, { stream, revision }: RecordedEvent): Promise<End> {
  let end = beginning;
  for await (const event of store.readStream(stream, {
    from: revision > 2n ? revision - 2n : 0n,
    limit: 2,
  })) {
    if (event.revision >= revision) break;
    const due = event.revision === end.revision + 1n ? recordedHash(event, end.hash) : event.hash;
    end = { revision: event.revision, hash: event.hash, due, position: event.position };
  }
  return end;
}

const placeOf = ({ stream, revision, position }: RecordedEvent) => ({ stream, revision, position });
