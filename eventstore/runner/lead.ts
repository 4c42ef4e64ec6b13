import type { Pool } from "pg";
import type { SubscriptionItem } from "../event-store.ts";
import { pause } from "../pause.ts";
import { isUnavailable, storeError } from "../postgres/store-error.ts";
import { batches } from "./batches.ts";
import { asLeader, Deposed, markBuilt, moveCheckpoint, type Term, takeOver } from "./checkpoints.ts";
import type { LeadDependencies } from "./dependencies.ts";
import { type Fold, foldEvents } from "./fold.ts";
import { supervise } from "./supervise.ts";
import { readRows } from "./tables.ts";
import { writeChanges } from "./write-changes.ts";

const batchItems = 4_000;
const retryMs = { first: 100, most: 10_000 };

/**
 * Keeps one projection up to date for as long as this process leads it, and stands by where another does.
 * After an error the lock is given up, so that a process that knows more may lead, and the attempt is repeated.
 */
export async function lead(deps: LeadDependencies, fold: Fold, signal: AbortSignal): Promise<void> {
  const name = nameOf(fold);
  let pauseMs = retryMs.first;
  while (!signal.aborted) {
    const leadership = await deps.locks.lead(name, signal);
    if (leadership === undefined) return;
    let term: Term | undefined;
    let begun = 0n;
    try {
      await deps.ready();
      term = await takeOver(deps.pool, fold);
      begun = term.position;
      deps.log.info({ projection: name, position: String(begun) }, "leads the projection");
      await serve(deps, term, AbortSignal.any([signal, leadership.lost]));
    } catch (error) {
      const failure = storeError(`lead ${name}`, error);
      // Another leads, or the database is away: both mend themselves.
      const level = error instanceof Deposed || isUnavailable(failure) ? "warn" : "error";
      const next = term && String(term.position + 1n);
      deps.log[level]({ projection: name, position: next, err: failure }, "stops leading the projection");
    }
    await leadership.release();
    const progressed = term !== undefined && term.position > begun;
    pauseMs = progressed ? retryMs.first : Math.min(pauseMs * 2, retryMs.most);
    await pause(pauseMs, signal);
  }
}

/** Folds what comes and verifies what is there, until one of them fails or the term ends. */
async function serve(deps: LeadDependencies, term: Term, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const end = () => over.abort();
  await Promise.all([follow(deps, term, within).finally(end), supervise(deps, term, within).finally(end)]);
}

async function follow(
  { pool, store, log }: LeadDependencies,
  term: Term,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const items = store.subscribe({
    after: term.position,
    filter: { streamPrefixes: term.fold.streams },
    signal: AbortSignal.any([signal, over.signal]),
  });
  let caughtUp = false;
  try {
    for await (const batch of batches(items, batchItems)) {
      await commitBatch(pool, term, batch);
      caughtUp ||= batch.some(({ kind }) => kind === "caughtUp");
      if (!caughtUp || term.built) continue;
      term.built = await markBuilt(pool, term);
      if (term.built)
        log.info({ projection: nameOf(term.fold), position: String(term.position) }, "is served");
    }
  } finally {
    over.abort();
  }
}

/** Rows and checkpoint in one transaction: a crash leaves both as before the batch or both after it. */
async function commitBatch(pool: Pool, term: Term, batch: readonly SubscriptionItem[]): Promise<void> {
  const { fold } = term;
  const events = batch.flatMap((item) => (item.kind === "event" ? [item.event] : []));
  const from = term.position;
  let to = batch.reduce((position, item) => laterOf(position, positionOf(item)), from);
  if (to === from) return;
  const keys = new Set<string>();
  for (const event of events) {
    const key = keyOrNone(fold, event);
    if (key !== undefined) keys.add(key);
  }
  let failure: unknown;
  await asLeader(pool, term, async (client) => {
    const before = await readRows(client, fold, [...keys]);
    const rows = new Map([...before].map(([key, { row }]) => [key, row]));
    const folded = foldEvents(fold, events, rows);
    failure = folded.failure;
    if (failure !== undefined) to = events[folded.count - 1]?.position ?? from;
    await writeChanges(client, fold, folded.changes, before);
    if (to > from) await moveCheckpoint(client, term, from, to);
  });
  term.position = to;
  if (failure !== undefined) throw failure;
}

/** A key that cannot be told is met again, and thrown, when the event itself is folded. */
function keyOrNone(fold: Fold, event: Parameters<Fold["key"]>[0]): string | undefined {
  try {
    return fold.key(event);
  } catch {
    return undefined;
  }
}

const nameOf = ({ name, version }: Fold): string => `${name} v${version}`;
const positionOf = (item: SubscriptionItem): bigint =>
  item.kind === "event" ? item.event.position : item.position;
const laterOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);
