import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";

/** How much of a namespace's reserved capacity one proxy lets through: its share by live proxies. */
export interface Limits {
  /**
   * One message more of `caller`; throws `RATE_LIMITED`, with when to try again. Who writes more than an
   * equal part gets what the others leave: nobody is kept out by somebody greedy.
   */
  write(entry: Entry, caller: string): void;
  /** One message was delivered: how many milliseconds its consumer has to rest before the next. */
  read(entry: Entry): number;
  /** A stream more; answers how to give its place back. Throws `RATE_LIMITED`. */
  open(entry: Entry): () => void;
  /** What a publish keeps in memory until it is written; answers how to give it back. Throws `RATE_LIMITED`. */
  hold(entry: Entry, bytes: number): () => void;
  /** No longer served here. */
  forget(namespace: string): void;
}

export type LimitsOptions = {
  /** How many proxies share the namespaces of this shard. */
  readonly proxies: () => number;
  readonly clock?: () => number;
  readonly namespaceBytes?: number;
  readonly proxyBytes?: number;
};

type Bucket = { tokens: number; at: number };
type Of = {
  readonly write: Bucket;
  /** By caller: what each is sure of. */
  readonly callers: Map<string, Bucket>;
  readonly read: Bucket;
  streams: number;
  bytes: number;
};

const mebibyte = 1024 * 1024;
// What may come at once after a pause.
const burstSeconds = 1;
const crowdedMs = 250;
const idleMs = 1_000;
// Who has been silent for so long has no part to be kept free.
const activeMs = 10_000;

export function limits(options: LimitsOptions): Limits {
  const { proxies, clock = () => performance.now() } = options;
  const { namespaceBytes = 64 * mebibyte, proxyBytes = 256 * mebibyte } = options;
  const known = new Map<string, Of>();
  let held = 0;

  const of = ({ namespace }: Entry): Of => {
    const found = known.get(namespace);
    if (found !== undefined) return found;
    const full = () => ({ tokens: Number.POSITIVE_INFINITY, at: clock() });
    const made = { write: full(), callers: new Map(), read: full(), streams: 0, bytes: 0 };
    known.set(namespace, made);
    return made;
  };

  const fill = (bucket: Bucket, reserved: number): number => {
    const rate = reserved / Math.max(1, proxies());
    const now = clock();
    const most = Math.max(1, rate * burstSeconds);
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.at) / 1_000) * rate);
    bucket.at = now;
    return rate;
  };

  /** The caller's equal part of the namespace's rate, among those who write just now. */
  const partOf = ({ callers }: Of, caller: string, reserved: number): Bucket => {
    const now = clock();
    let part = callers.get(caller);
    if (part === undefined) {
      for (const [other, { at }] of callers) if (now - at > activeMs) callers.delete(other);
      part = { tokens: Number.POSITIVE_INFINITY, at: now };
      callers.set(caller, part);
    }
    fill(part, reserved / callers.size);
    return part;
  };

  /** Until the bucket holds `tokens`. */
  const untilMs = (bucket: Bucket, rate: number, tokens: number): number =>
    rate === 0 ? idleMs : Math.max(0, Math.ceil(((tokens - bucket.tokens) / rate) * 1_000));

  return {
    write(entry, caller) {
      const reserved = entry.limits?.writeRps ?? 0;
      const namespace = of(entry);
      const bucket = namespace.write;
      const rate = fill(bucket, reserved);
      const part = partOf(namespace, caller, reserved);
      const isSure = part.tokens >= 1;
      // Half of what may come at once is kept for those who are below their part.
      const isSpare = namespace.callers.size === 1 || bucket.tokens > (rate * burstSeconds) / 2;
      if (bucket.tokens >= 1 && (isSure || isSpare)) {
        bucket.tokens--;
        if (isSure) part.tokens--;
        return;
      }
      const callers = namespace.callers.size;
      const afterMs =
        bucket.tokens < 1 ? untilMs(bucket, rate, 1) : Math.max(1, untilMs(part, rate / callers, 1));
      throw limited(`'${entry.namespace}' has reserved ${reserved} writes a second`, afterMs, {
        field: "needs.write_rps",
        limit_per_second: reserved,
      });
    },

    read(entry) {
      const bucket = of(entry).read;
      const rate = fill(bucket, entry.limits?.readRps ?? 0);
      bucket.tokens--;
      return untilMs(bucket, rate, 0);
    },

    open(entry) {
      const namespace = of(entry);
      const reserved = entry.limits?.connections ?? 0;
      if (namespace.streams >= Math.ceil(reserved / Math.max(1, proxies()))) {
        throw limited(`'${entry.namespace}' has reserved ${reserved} connections`, crowdedMs, {
          field: "needs.concurrent_connections",
          limit: reserved,
        });
      }
      namespace.streams++;
      return once(() => namespace.streams--);
    },

    hold(entry, bytes) {
      const namespace = of(entry);
      if (namespace.bytes + bytes > namespaceBytes || held + bytes > proxyBytes) {
        throw limited(`too much of '${entry.namespace}' is under way here already`, crowdedMs, {});
      }
      namespace.bytes += bytes;
      held += bytes;
      return once(() => {
        namespace.bytes -= bytes;
        held -= bytes;
      });
    },

    forget: (namespace) => void known.delete(namespace),
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

const limited = (message: string, afterMs: number, details: Record<string, string | number>): PrismError =>
  new PrismError("RATE_LIMITED", message, { details: { ...details, retry_after_ms: afterMs } });
