import { setTimeout as pause } from "node:timers/promises";
import type { Figure } from "./benchmark.ts";

export type Load = {
  readonly perSecond: number;
  /** Sorted. */
  readonly latenciesMs: Float64Array;
  /** Of this process, for one call. */
  readonly cpuMicros: number;
};

type LoadOptions = {
  /** Each waits for its own call before it makes the next one. */
  readonly callers: number;
  /** All callers' calls together. */
  readonly calls: number;
};

/** Makes the calls and times each; the first one that fails ends the benchmark. */
export async function load(
  { callers, calls }: LoadOptions,
  call: (index: number, caller: number) => Promise<unknown>,
): Promise<Load> {
  const latenciesMs = new Float64Array(calls);
  let next = 0;
  const caller = async (_: unknown, number: number) => {
    while (next < calls) {
      const index = next++;
      const begun = performance.now();
      await call(index, number);
      latenciesMs[index] = performance.now() - begun;
    }
  };
  const end = timing();
  await Promise.all(Array.from({ length: callers }, caller));
  return { ...end(calls), latenciesMs: latenciesMs.sort() };
}

/** Answers what `calls` cost that were made since. */
export function timing(): (calls: number) => Omit<Load, "latenciesMs"> {
  const begun = performance.now();
  const usage = process.cpuUsage();
  return (calls) => {
    const tookMs = performance.now() - begun;
    const { user, system } = process.cpuUsage(usage);
    return { perSecond: (calls * 1_000) / tookMs, cpuMicros: (user + system) / calls };
  };
}

/** Makes the calls at a steady rate, whether or not the earlier ones have come back. */
export async function paced(
  { perSecond, calls }: { perSecond: number; calls: number },
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  const begun = performance.now();
  const running: Promise<unknown>[] = [];
  while (running.length < calls) {
    const due = Math.min(calls, ((performance.now() - begun) * perSecond) / 1_000);
    while (running.length < due) running.push(call(running.length));
    await pause(1);
  }
  await Promise.all(running);
}

/** As `paced`, and how long each call took: sorted. */
export async function steady(
  shape: { perSecond: number; calls: number },
  call: (index: number) => Promise<unknown>,
): Promise<Float64Array> {
  const latenciesMs = new Float64Array(shape.calls);
  await paced(shape, async (index) => {
    const begun = performance.now();
    await call(index);
    latenciesMs[index] = performance.now() - begun;
  });
  return latenciesMs.sort();
}

const roundMs = 3_000;

/** How many calls make a round: `most`, or what the rate of the warm-up lets through in three seconds. */
export const enough = ({ perSecond }: Pick<Load, "perSecond">, most: number): number =>
  Math.max(10, Math.min(most, 2 * Math.ceil((perSecond * roundMs) / 2_000)));

/** Several times the same, and the round in the middle: on a machine with others the best is luck and the worst theirs. */
export async function middle(round: () => Promise<Load>, rounds = 3): Promise<Load> {
  const all: Load[] = [];
  for (let index = 0; index < rounds; index += 1) all.push(await round());
  const sorted = all.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(rounds / 2)] ?? { perSecond: 0, cpuMicros: 0, latenciesMs: new Float64Array() };
}

/** The value that `share` of `sorted` do not exceed. */
export const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

/** The latencies of a figure; `sorted` in rising order. */
export const latencies = (sorted: Float64Array): Pick<Figure, "p50" | "p95" | "p99"> => ({
  p50: percentile(sorted, 0.5),
  p95: percentile(sorted, 0.95),
  p99: percentile(sorted, 0.99),
});

export const figure = (what: string, unit: string, { perSecond, cpuMicros, latenciesMs }: Load): Figure => ({
  what,
  unit,
  perSecond,
  cpuMicros,
  ...latencies(latenciesMs),
});
