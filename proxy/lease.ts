/**
 * How long the control plane's word is good for. The proxy measures from *sending* the
 * status that a lease answers, the control plane from answering it: so the proxy's lease
 * always ends first (`design.md` §8). Times are milliseconds of a monotonic clock.
 */
export interface Lease {
  /** A status goes out; each is answered by one lease, in order. */
  asked(): void;
  /** `proxies`: how many share the shard. */
  granted(durationMs: number, proxies?: number): void;
  /** A new connection: answers to what was asked on the old one will not come. */
  forgetQuestions(): void;
  /** The control plane has begun to talk: a lease will follow as soon as it is asked for. */
  expect(): void;
  readonly expected: boolean;
  /** How long the oldest question has waited for its answer; 0 where none does. */
  waitingMs(): number;
  /** How many proxies share the shard, as the control plane last said; at least 1. */
  readonly proxies: number;
  /** Of the last one granted; 0 before the first. */
  readonly durationMs: number;
  /** How long ago it ran out; 0 while it runs, infinite where there never was one. */
  overdueMs(): number;
  remainingMs(): number;
  /** What is left of the lease a former process of this proxy held. */
  inherit(remainingMs: number): void;
}

export function lease(clock: () => number = () => performance.now()): Lease {
  const questions: number[] = [];
  let until = Number.NEGATIVE_INFINITY;
  let durationMs = 0;
  let expected = false;
  let proxies = 1;
  return {
    asked: () => void questions.push(clock()),
    granted(granted, live = 0) {
      proxies = Math.max(1, live);
      const askedAt = questions.shift();
      if (askedAt === undefined) return;
      durationMs = granted;
      // One of no length allows nothing: another follows once what was missed is in force.
      if (granted === 0) return;
      expected = false;
      until = Math.max(until, askedAt + granted);
    },
    forgetQuestions() {
      questions.length = 0;
      expected = false;
    },
    expect() {
      expected = true;
    },
    get expected() {
      return expected;
    },
    waitingMs: () => clock() - (questions[0] ?? clock()),
    get proxies() {
      return proxies;
    },
    get durationMs() {
      return durationMs;
    },
    overdueMs: () => Math.max(0, clock() - until),
    remainingMs: () => until - clock(),
    inherit(remainingMs) {
      until = Math.max(until, clock() + remainingMs);
    },
  };
}
