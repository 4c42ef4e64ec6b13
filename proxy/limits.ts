import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";
import { type DividedPlaces, dividedPlaces } from "./divided-places.ts";
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
  /**
   * A stream more of `caller`; answers how to give its place back. Throws `RATE_LIMITED`. `end` is called with
   * why where another caller, who has fewer, needs the place.
   */
  open(entry: Entry, caller: string, end: (why: PrismError) => void): () => void;
  /**
   * What a publish keeps in memory until it is written; answers how to give it back. Throws `RATE_LIMITED`. Half
   * of the proxy's is kept for namespaces that hold less than an equal part of it.
   */
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
  readonly streams: DividedPlaces;
  bytes: number;
};

const mebibyte = 1024 * 1024;
const crowdedMs = 250;
const mostRefusals = 10_000;

export function limits(options: LimitsOptions): Limits {
  const { proxies, clock = () => performance.now() } = options;
  const { namespaceBytes = 64 * mebibyte, proxyBytes = 256 * mebibyte } = options;
  const known = new Map<string, Of>();
  let held = 0;
  // How many namespaces hold something.
  let holding = 0;

  const of = ({ namespace }: Entry): Of => {
    const found = known.get(namespace);
    if (found !== undefined) return found;
    const made = {
      writes: dividedRate(clock),
      reads: dividedRate(clock),
      streams: dividedPlaces(),
      bytes: 0,
    };
    known.set(namespace, made);
    return made;
  };

  /** This proxy's part of what is reserved. */
  const share = (reserved = 0): number => reserved / Math.max(1, proxies());

  const keep = (namespace: Of, bytes: number): void => {
    holding -= namespace.bytes === 0 ? 0 : 1;
    namespace.bytes += bytes;
    held += bytes;
    holding += namespace.bytes === 0 ? 0 : 1;
  };

  return {
    write(entry, caller) {
      const reserved = entry.limits?.writeRps ?? 0;
      const afterMs = of(entry).writes.ask(caller, share(reserved));
      if (afterMs === 0) return;
      throw tooMany(entry.namespace, reserved, afterMs);
    },

    read: (entry, caller) => of(entry).reads.charge(caller, share(entry.limits?.readRps)),

    open(entry, caller, end) {
      const reserved = entry.limits?.connections ?? 0;
      const crowded = (): PrismError =>
        limited(`'${entry.namespace}' has reserved ${reserved} connections`, crowdedMs, {
          field: "needs.concurrent_connections",
          limit: reserved,
        });
      const leave = of(entry).streams.take(caller, Math.ceil(share(reserved)), () => end(crowded()));
      if (leave === undefined) throw crowded();
      return leave;
    },

    hold(entry, bytes) {
      const namespace = of(entry);
      const all = namespace.bytes + bytes;
      const isSure = all <= proxyBytes / 2 / (holding + (namespace.bytes === 0 ? 1 : 0));
      const isSpare = held + bytes <= proxyBytes / 2;
      if (all > namespaceBytes || !(isSure || isSpare)) {
        throw limited(`too much of '${entry.namespace}' is under way here already`, crowdedMs, {});
      }
      keep(namespace, bytes);
      return once(() => keep(namespace, -bytes));
    },

    forget: (namespace) => void known.delete(namespace),
  };
}

// The same error for the same answer: who floods is refused thousands of times a second.
const refusals = new Map<string, PrismError>();

function tooMany(namespace: string, reserved: number, afterMs: number): PrismError {
  const answer = `${namespace} ${reserved} ${afterMs}`;
  const known = refusals.get(answer);
  if (known !== undefined) return known;
  if (refusals.size >= mostRefusals) refusals.clear();
  const error = limited(`'${namespace}' has reserved ${reserved} writes a second`, afterMs, {
    field: "needs.write_rps",
    limit_per_second: reserved,
  });
  refusals.set(answer, error);
  return error;
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
