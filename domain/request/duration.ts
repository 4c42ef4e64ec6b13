import { decimalPattern, times } from "./decimal.ts";

const second = 1000;
const day = 86_400 * second;

const millisecondsOf = new Map<string, number>([
  ["ms", 1],
  ["s", second],
  ["sec", second],
  ["min", 60 * second],
  ["h", 3600 * second],
  ["hour", 3600 * second],
  ["hours", 3600 * second],
  ["d", day],
  ["day", day],
  ["days", day],
  ["week", 7 * day],
  ["weeks", 7 * day],
]);

export const durationUnits: readonly string[] = [...millisecondsOf.keys()].filter((unit) => unit !== "ms");

const pattern = new RegExp(`^\\s*${decimalPattern}\\s*([a-z]{1,5})\\s*$`, "i");

/** Milliseconds of `15min`, `30 days`, `12H`; `forever` is `Infinity`. `undefined`: not a duration. */
export function parseDuration(text: string): number | undefined {
  if (text.trim().toLowerCase() === "forever") return Number.POSITIVE_INFINITY;
  const [, decimal, unit] = pattern.exec(text) ?? [];
  const milliseconds = millisecondsOf.get(unit?.toLowerCase() ?? "");
  return decimal === undefined || milliseconds === undefined ? undefined : times(decimal, milliseconds);
}

/** The one spelling of a number of milliseconds: a whole number of the largest of days, h, min, s, ms. */
export function printDuration(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return "forever";
  if (milliseconds === day) return "1day";
  for (const [unit, size] of [
    ["days", day],
    ["h", 3600 * second],
    ["min", 60 * second],
    ["s", second],
  ] as const) {
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
}

/** Milliseconds of a duration that was read before; anything else is our own mistake. */
export function milliseconds(duration: string): number {
  const parsed = parseDuration(duration);
  if (parsed === undefined) throw new TypeError(`${duration} is not a duration`);
  return parsed;
}

/** Days, begun ones counted whole; `null` for ever. */
export function days(duration: string): number | null {
  const parsed = milliseconds(duration);
  return Number.isFinite(parsed) ? Math.ceil(parsed / day) : null;
}
