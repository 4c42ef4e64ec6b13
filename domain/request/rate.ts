import { decimalPattern, times } from "./decimal.ts";

export const rateExamples: readonly string[] = ["5000", "100k", "1M", "10k/s", "10k rps", "10k msgs/s"];

const factors: Record<string, number> = { k: 1000, m: 1_000_000 };
const pattern = new RegExp(`^\\s*${decimalPattern}\\s*([km])?\\s*(?:/s|rps|msgs/s)?\\s*$`, "i");

/** Requests a second of `5000`, `100k`, `10k msgs/s`. `undefined`: not a rate. A rate is printed as a number. */
export function parseRate(text: string): number | undefined {
  const [, decimal, factor] = pattern.exec(text) ?? [];
  return decimal === undefined ? undefined : times(decimal, factors[factor?.toLowerCase() ?? ""] ?? 1);
}
