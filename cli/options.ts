import { InvalidArgumentError, Option } from "commander";
import { type Format, formats } from "./output.ts";

export const outputOption = (): Option =>
  new Option("-o, --output <format>", "how to print it").choices(formats).default("table" satisfies Format);

/** Reads a whole number of at least `least`; commander answers wrong usage itself. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`a whole number from ${least} on`);
    return value;
  };

/** `30s`, `15m`, `1h`, `7d`, in seconds. */
export function seconds(text: string): number {
  const [, count, unit] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const sizes: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
  if (count === undefined || unit === undefined)
    throw new InvalidArgumentError("a duration such as 15m, 1h or 7d");
  return Number(count) * (sizes[unit] ?? 1);
}
