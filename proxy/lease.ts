/**
 * How long the control plane's word is good for. The proxy measures from *sending* the
 * status that a lease answers, the control plane from answering it: so the proxy's lease
 * always ends first (`design.md` §8). Times are milliseconds of a monotonic clock, or of the
 * wall clock where more has passed by that: a suspended machine's monotonic clock stands still.
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

export type LeaseClocks = { readonly monotonic?: () => number; readonly wall?: () => number };

type Moment = { readonly monotonic: number; readonly wall: number };

export function lease({ monotonic = () => performance.now(), wall = Date.now }: LeaseClocks = {}): Lease {
  const questions: Moment[] = [];
  let until: Moment | undefined;
  let durationMs = 0;
  let expected = false;
  let proxies = 1;

  const now = (): Moment => ({ monotonic: monotonic(), wall: wall() });
  const since = (moment: Moment): number => Math.max(monotonic() - moment.monotonic, wall() - moment.wall);
  const lasts = (from: Moment, ms: number): void => {
    const end = { monotonic: from.monotonic + ms, wall: from.wall + ms };
    if (until === undefined || end.monotonic >= until.monotonic) until = end;
  };
  const overMs = (): number => (until === undefined ? Number.POSITIVE_INFINITY : since(until));

  return {
    asked: () => void questions.push(now()),
    granted(granted, live = 0) {
      proxies = Math.max(1, live);
      const askedAt = questions.shift();
      if (askedAt === undefined) return;
      durationMs = granted;
      // One of no length allows nothing: another follows once what was missed is in force.
      if (granted === 0) return;
      expected = false;
      lasts(askedAt, granted);
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
    waitingMs: () => (questions[0] === undefined ? 0 : since(questions[0])),
    get proxies() {
      return proxies;
    },
    get durationMs() {
      return durationMs;
    },
    overdueMs: () => Math.max(0, overMs()),
    remainingMs: () => -overMs(),
    inherit: (remainingMs) => lasts(now(), remainingMs),
  };
}
