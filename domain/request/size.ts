import { decimalPattern, times } from "./decimal.ts";

const decimalUnits = [
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
  ["KB", 1e3],
  ["B", 1],
] as const;
const binaryUnits = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;

export const sizeUnits: readonly string[] = [...decimalUnits, ...binaryUnits].map(([unit]) => unit);

const bytesOf = new Map<string, number>(
  [...decimalUnits, ...binaryUnits].map(([unit, bytes]) => [unit.toLowerCase(), bytes]),
);
const pattern = new RegExp(`^\\s*${decimalPattern}\\s*([kmgt]i?b|b)\\s*$`, "i");

/** `1MB` is 1,000,000 bytes, `1MiB` 1,048,576; any case, a space if you like. `undefined`: not a size. */
export function parseSize(text: string): number | undefined {
  const [, decimal, unit] = pattern.exec(text) ?? [];
  const bytes = bytesOf.get(unit?.toLowerCase() ?? "");
  return decimal === undefined || bytes === undefined ? undefined : times(decimal, bytes);
}

/** The one spelling of a number of bytes: a whole number of the largest unit; binary where that is shorter. */
export function printSize(bytes: number): string {
  const decimal = whole(bytes, decimalUnits) ?? `${bytes}B`;
  const binary = whole(bytes, binaryUnits);
  return binary !== undefined && binary.length < decimal.length ? binary : decimal;
}

function whole(bytes: number, units: readonly (readonly [string, number])[]): string | undefined {
  for (const [unit, size] of units) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return undefined;
}

/** Bytes of a size that was read before; anything else is our own mistake. */
export function bytes(size: string): number {
  const parsed = parseSize(size);
  if (parsed === undefined) throw new TypeError(`${size} is not a size`);
  return parsed;
}
