import type { Figure } from "./benchmark.ts";
import type { Report } from "./grpc-load.ts";
import { latencies } from "./load.ts";

/** What the proxy has counted, a second. */
export type Met = { readonly calls: number; readonly busyMs: number };

export type Phase = {
  readonly seconds: number;
  readonly polite: readonly Report[];
  readonly flood: Report | undefined;
  readonly met: { readonly polite: Met; readonly flood: Met };
  /** Of the proxy's whole process, in milliseconds a second. */
  readonly cpuMs: number;
};

export const alone = (phase: Phase): readonly Figure[] => [
  politely("two polite namespaces, alone", phase),
  work("the proxy's work for the two", phase.met.polite.busyMs),
  work("CPU of the proxy's process", phase.cpuMs),
];

/** `wanted`: how many calls of the flood have to reach the proxy a second, where nothing may hold them back. */
export function beside(
  flood: string,
  without: Phase,
  phase: Phase,
  wanted: number | undefined,
): readonly Figure[] {
  const { seconds, met, cpuMs } = phase;
  const { answers = {}, unanswered = 0 } = phase.flood ?? {};
  const sent = (unanswered + Object.values(answers).reduce((sum, count) => sum + count, 0)) / seconds;
  const calls = (what: string, perSecond: number): Figure => ({ what, unit: "calls", perSecond });
  const reached = calls(`${flood}: sent to the proxy`, sent);
  const said = `≥ ${(wanted ?? 0).toLocaleString("en")}/s`;
  return [
    {
      ...politely(`the two, beside ${flood}`, phase),
      goal: { said: "within 5 %", met: rate(phase) >= 0.95 * rate(without) },
    },
    wanted === undefined ? reached : { ...reached, goal: { said, met: sent >= 0.99 * wanted } },
    calls("read by it", met.flood.calls),
    calls("served", (answers["0"] ?? 0) / seconds),
    work("the proxy's work for the two", met.polite.busyMs),
    work("for the flood", met.flood.busyMs),
    {
      ...work("CPU of the proxy's process", cpuMs),
      goal: { said: "a third of a core more at most", met: cpuMs - without.cpuMs <= 1_000 / 3 },
    },
  ];
}

/** By grpc-status; what has none by why HTTP/2 ended it. */
export const answersText = (flood: string, { flood: report }: Phase): string => {
  const { answers = {}, unanswered = 0 } = report ?? {};
  const each = Object.entries(answers).map(([status, count]) => `${status}: ${count.toLocaleString("en")}`);
  return `How ${flood} was answered, by grpc-status: ${each.join(", ")}; not at all: ${unanswered}.`;
};

const work = (what: string, perSecond: number): Figure => ({ what, unit: "ms", perSecond });

const politely = (what: string, phase: Phase): Figure => ({
  what,
  unit: "msgs",
  perSecond: rate(phase),
  ...latencies(
    Float64Array.from(phase.polite.flatMap(({ micros }) => micros.map((each) => each / 1_000))).sort(),
  ),
});

/** Of those that were served in time: later ones make the time longer. */
const rate = ({ polite, seconds }: Phase): number =>
  polite.reduce((sum, { answers, seconds: took }) => sum + (answers["0"] ?? 0) / Math.max(seconds, took), 0);
