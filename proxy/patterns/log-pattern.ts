import type { LogStart } from "../../backends/log.ts";
import type { WriteAheadLog } from "../../backends/write-ahead-log/write-ahead-log.ts";
import { PrismError } from "../../domain/errors.ts";
import type { PatternType } from "../../domain/plan.ts";
import { entryOf } from "../log-entry.ts";
import type { LogMetrics } from "../log-metrics.ts";
import { logWriter } from "../log-writer.ts";
import type { Lookout } from "../lookout.ts";
import { beginAfter } from "../progress-note.ts";
import { logOffset, parseLogOffset } from "../record.ts";
import type { Relay } from "../relay.ts";
import type { Beginning, Pattern } from "./pattern.ts";

export type LogPatternOptions = {
  readonly name: PatternType;
  readonly namespace: string;
  readonly log: WriteAheadLog;
  readonly relay: Relay;
  readonly lookout: Lookout;
  readonly failpoint: (moment: "before" | "after") => void;
  readonly metrics: LogMetrics;
  readonly troubled: (error: Error) => void;
  /** Above it publishes are refused until the relay has caught up. */
  readonly mostBytes: bigint;
  /** Whether a group may begin at an offset or a time. */
  readonly replays: boolean;
};

const lookMs = 1_000;
// What Postgres can count to.
const lastPosition = 2n ** 63n - 1n;

/**
 * The end of the way for whoever publishes: acknowledged when it is in the namespace's log.
 * From there the relay carries it to the backend, also when that is away for a while.
 */
export function logPattern(options: LogPatternOptions): Pattern {
  const { name, namespace, log, relay, metrics, failpoint } = options;
  metrics.begin(namespace);
  let bytes = 0n;
  const isFull = (): boolean => bytes > options.mostBytes;
  let ready: Promise<void> | undefined;

  const prepared = (): Promise<void> => {
    ready ??= log.prepare().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };
  prepared().catch(options.troubled);

  const writer = logWriter({
    log: {
      async append(entries) {
        await prepared();
        failpoint("before");
        const recorded = await log.append(entries);
        failpoint("after");
        return recorded;
      },
    },
    added(entries) {
      metrics.appended(namespace, entries.length);
      relay.offer(entries);
    },
    check() {
      if (isFull()) throw full(namespace, options.mostBytes);
    },
  });

  const look = async (): Promise<void> => {
    try {
      const standing = await log.standing();
      bytes = standing.bytes;
      metrics.seen(namespace, standing);
    } catch {
      // Whoever publishes or relays is told; this only counts.
    }
  };
  let counted = 0;
  let wasBehind = false;
  const unwatch = options.lookout.watch(namespace, (behind) => {
    if (behind) relay.wake();
    const now = performance.now();
    // A full log at rest too: what was read last may be older than the log's standing.
    if (!(behind || wasBehind || isFull()) || now < counted + lookMs) return;
    counted = now;
    wasBehind = behind;
    void look();
  });

  return {
    name,
    publish: () => async (message) => {
      const { position, recordedAtMs } = await writer.append(entryOf(message));
      return { offset: logOffset(position), recordedAtMs };
    },
    background: {
      name: relay.name,
      async lead(term, signal) {
        await prepared();
        await relay.lead(term, signal);
      },
    },
    layouts: lastKnown(log.layouts),
    ...(options.replays ? { locate: (beginning: Beginning) => locate(log, beginning) } : {}),
    once: true,
    async close() {
      unwatch();
      await writer.close();
      metrics.end(namespace);
    },
  };
}

/** What was known last where the log does not answer: a consumer need not wait for it. */
function lastKnown<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly answer: T } | undefined;
  return async () => {
    try {
      last = { answer: await ask() };
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last.answer;
  };
}

async function locate(log: WriteAheadLog, beginning: Beginning): Promise<LogStart> {
  const position =
    "offset" in beginning ? positionIn(beginning.offset) : await positionAt(log, beginning.timeMs);
  const { head } = await log.standing();
  // Where nothing that late has been published yet, what comes next is it: from now on, not from when the
  // group stands.
  const before = position > head ? head : position - 1n;
  return { atMs: (await log.recordedAt(before)) ?? 0, note: beginAfter(before) };
}

/** The first position recorded then or later: times never go back along positions. */
async function positionAt(log: WriteAheadLog, timeMs: number): Promise<bigint> {
  const { head } = await log.standing();
  let [low, high] = [1n, head + 1n];
  while (low < high) {
    const middle = (low + high) / 2n;
    const atMs = await log.recordedAt(middle);
    if (atMs !== undefined && atMs < timeMs) low = middle + 1n;
    else high = middle;
  }
  return low;
}

function positionIn(offset: string): bigint {
  const position = parseLogOffset(offset);
  if (position !== undefined && position <= lastPosition) return position < 1n ? 1n : position;
  throw new PrismError("INVALID_CONFIGURATION", `'${offset}' is not an offset of this namespace`, {
    details: {
      field: "start.offset",
      recommendation: "Use an offset that a publish or a delivery has answered",
    },
  });
}

const full = (namespace: string, bytes: bigint): PrismError =>
  new PrismError("WAL_FULL", `the log of '${namespace}' is full: its backend has not taken ${bytes} bytes`, {
    details: { limit_bytes: Number(bytes), retry_after_ms: 5_000 },
  });
