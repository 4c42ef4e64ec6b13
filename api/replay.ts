import { PrismError } from "../domain/errors.ts";
import type { RecordedEvent } from "../domain/event.ts";
import { canonicalJson } from "../domain/json.ts";
import { type NamespaceRow, namespaces } from "../domain/projections/namespaces.ts";
import { sha256Hex } from "../domain/sha256.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import { recordedHash } from "../eventstore/hash-chain.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import { eventsOf } from "./events-of.ts";

type ReplayDependencies = {
  readonly store: EventStore;
  readonly namespaces: ProjectionReader<NamespaceRow>;
};

// The history may grow between the fold and the look: then both are done again.
const attempts = 3;
const patienceMs = 5_000;

type Judge = (event: RecordedEvent) => boolean;

/** The history folded afresh, against what is served, and its chain of hashes. */
export async function replay(
  { store, namespaces: served }: ReplayDependencies,
  namespace: string,
  theirs: Judge,
) {
  for (let attempt = 1; ; attempt++) {
    const folded = await fold(store, namespace, theirs);
    if (!(await served.waitFor(folded.last, AbortSignal.timeout(patienceMs)))) throw behind(namespace);
    const row = (await served.get(namespace)) ?? null;
    const equal = text(row) === text(folded.row);
    if (!equal && attempt < attempts) continue;
    return {
      served: row,
      replayed: folded.row,
      equal: equal && folded.brokenAt === null,
      events: folded.events,
      digest: sha256Hex(text(folded.row)),
      chain: { intact: folded.brokenAt === null, broken_at: folded.brokenAt },
    };
  }
}

/** What is not served yet is no difference. */
const behind = (namespace: string) =>
  new PrismError("BACKEND_UNAVAILABLE", `what is served of '${namespace}' is behind its history`, {
    details: { recommendation: "Ask again; /readyz says how far it is behind" },
  });

type Folded = {
  readonly row: NamespaceRow | null;
  /** Of those that are the caller's to see. */
  readonly events: number;
  readonly last: bigint;
  /** Revision of the first event whose hash does not follow from what is stored. */
  readonly brokenAt: string | null;
};

async function fold(store: EventStore, namespace: string, theirs: Judge): Promise<Folded> {
  let row: NamespaceRow | undefined;
  let events = 0;
  let last = 0n;
  let previous: string | null = null;
  let brokenAt: string | null = null;
  for await (const event of eventsOf(store, namespace)) {
    if (brokenAt === null && recordedHash(event, previous) !== event.hash) brokenAt = String(event.revision);
    previous = event.hash;
    row = namespaces.apply(row, event as never);
    if (theirs(event)) events += 1;
    last = event.position;
  }
  return { row: row ?? null, events, last, brokenAt };
}

const text = (row: NamespaceRow | null): string =>
  canonicalJson(JSON.parse(JSON.stringify(row)) as NamespaceRow | null);
