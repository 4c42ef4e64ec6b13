import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";
import { type DividedRate, dividedRate } from "./divided-rate.ts";

/** How much of a namespace's reserved capacity one proxy lets through: its share by live proxies. */
export interface Limits {
  /**
   * One message more of `caller`; throws `RATE_LIMITED`, with when to try again. Who writes more than an
   * equal part gets what the others leave: nobody is kept out by somebody greedy.
   */
  write(entry: Entry, caller: string): void;
  /** One message was delivered to `caller`: how many milliseconds its consumer has to rest before the next. Divided as writes are. */
  read(entry: Entry, caller: string): number;
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

type Of = {
  readonly writes: DividedRate;
  readonly reads: DividedRate;
  streams: number;
  bytes: number;
};

const mebibyte = 1024 * 1024;
const crowdedMs = 250;

export function limits(options: LimitsOptions): Limits {
  const { proxies, clock = () => performance.now() } = options;
  const { namespaceBytes = 64 * mebibyte, proxyBytes = 256 * mebibyte } = options;
  const known = new Map<string, Of>();
  let held = 0;

  const of = ({ namespace }: Entry): Of => {
    const found = known.get(namespace);
    if (found !== undefined) return found;
    const made = { writes: dividedRate(clock), reads: dividedRate(clock), streams: 0, bytes: 0 };
    known.set(namespace, made);
    return made;
  };

  /** This proxy's part of what is reserved. */
  const share = (reserved = 0): number => reserved / Math.max(1, proxies());

  return {
    write(entry, caller) {
      const reserved = entry.limits?.writeRps ?? 0;
      const afterMs = of(entry).writes.ask(caller, share(reserved));
      if (afterMs === 0) return;
      throw limited(`'${entry.namespace}' has reserved ${reserved} writes a second`, afterMs, {
        field: "needs.write_rps",
        limit_per_second: reserved,
      });
    },

    read: (entry, caller) => of(entry).reads.charge(caller, share(entry.limits?.readRps)),

    open(entry) {
      const namespace = of(entry);
      const reserved = entry.limits?.connections ?? 0;
      if (namespace.streams >= Math.ceil(share(reserved))) {
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
