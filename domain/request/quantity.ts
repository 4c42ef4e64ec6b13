import type { Json } from "../json.ts";
import { durationUnits, parseDuration, printDuration } from "./duration.ts";
import type { Kind } from "./kind.ts";
import { parseRate, rateExamples } from "./rate.ts";
import { parseSize, printSize, sizeUnits } from "./size.ts";
import { invalid, shown } from "./violation.ts";

/** A whole number from 1. */
export const count: Kind = {
  schema: { type: "integer", minimum: 1 },
  read(value, path, { report }) {
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value;
    report(
      invalid(path, `'${shown(value)}' is not a whole number from 1`, {
        recommendation: "Write a whole number such as 100",
      }),
    );
    return undefined;
  },
};

/** Requests a second: `5000`, `100k`, `10k msgs/s`. The only quantity that may be 0. */
export const rate: Kind = {
  schema: { type: ["integer", "string"], minimum: 0, examples: rateExamples },
  read(value, path, { report }) {
    const parsed = typeof value === "string" ? parseRate(value) : value;
    if (Number.isSafeInteger(parsed) && (parsed as number) >= 0) return parsed;
    report(
      invalid(path, `'${shown(value)}' is not a rate`, {
        supported_values: rateExamples,
        recommendation: "Write whole requests per second, such as 5000 or 10k",
      }),
    );
    return undefined;
  },
};

/** Bytes with a unit: `100GB`, `512MiB`. A bare number is refused, since nobody can say of what. */
export const size: Kind = {
  schema: { type: "string", examples: ["1MB", "512MiB", "100GB"] },
  read(value, path, { report }) {
    const parsed = typeof value === "string" ? parseSize(value) : undefined;
    if (parsed !== undefined && parsed > 0) return printSize(parsed);
    report(
      invalid(path, `'${shown(value)}' is not a size`, {
        supported_values: sizeUnits,
        recommendation: "Write a number above 0 and a unit, such as 100GB or 512MiB",
      }),
    );
    return undefined;
  },
};

/**
 * A span of time with a unit: `30days`, `15min`. `seconds` takes bare integers as such
 * (ttl does), `forever` takes the word, `milliseconds` the unit (expert settings).
 */
export function duration(takes: { seconds?: boolean; forever?: boolean; milliseconds?: boolean } = {}): Kind {
  const units = [
    ...(takes.milliseconds ? ["ms"] : []),
    ...durationUnits,
    ...(takes.forever ? ["forever"] : []),
  ];
  const parse = (value: Json): number | undefined => {
    if (typeof value === "string")
      return takes.milliseconds || !/ms\s*$/i.test(value) ? parseDuration(value) : undefined;
    return takes.seconds && Number.isSafeInteger(value) ? (value as number) * 1000 : undefined;
  };
  const fits = (parsed: number): boolean =>
    parsed === Number.POSITIVE_INFINITY
      ? takes.forever === true
      : parsed > 0 && Number.isSafeInteger(parsed) && (takes.milliseconds === true || parsed % 1000 === 0);
  return {
    schema: { type: takes.seconds ? ["string", "integer"] : "string", examples: ["15min", "12h", "30days"] },
    read(value, path, { report }) {
      const parsed = parse(value);
      if (parsed !== undefined && fits(parsed)) return printDuration(parsed);
      report(
        invalid(path, `'${shown(value)}' is not a duration`, {
          supported_values: units,
          recommendation: `Write a number above 0 and a unit, such as 15min or 30days${takes.forever ? ", or forever" : ""}`,
        }),
      );
      return undefined;
    },
  };
}
