import type { Json, JsonObject } from "../json.ts";
import type { ClientApi } from "../plan.ts";
import { durationUnits, parseDuration, printDuration } from "./duration.ts";
import { nearest } from "./nearest.ts";
import { parseRate, rateExamples } from "./rate.ts";
import { parseSize, printSize, sizeUnits } from "./size.ts";
import { invalid, type Report, shown, unimplemented } from "./violation.ts";

/** Where a value is read: whom to tell what is wrong, and which client API the defaults are for, if it is known. */
export type Scope = { readonly report: Report; readonly api: ClientApi | undefined };

/**
 * How one kind of value is read and described. `read` answers the value in its one
 * spelling, or reports what is wrong and answers `undefined`. Reading what it answered
 * gives the same again.
 */
export type Kind = {
  readonly read: (value: Json, path: string, scope: Scope) => Json | undefined;
  /** JSON Schema of what may be written. */
  readonly schema: JsonObject;
};

/** One of a few words. `later`: words Prism knows of and cannot serve yet, with what is missing. */
export function choice(words: readonly string[], later: Readonly<Record<string, string>> = {}): Kind {
  return {
    schema: { type: "string", enum: words },
    read(value, path, { report }) {
      if (typeof value === "string" && words.includes(value)) return value;
      if (typeof value === "string" && Object.hasOwn(later, value)) {
        const recommendation = `Use one of: ${words.join(", ")}`;
        report(
          unimplemented(path, `'${value}' is not served yet: ${later[value]}`, {
            supported_values: words,
            recommendation,
          }),
        );
        return undefined;
      }
      const meant = typeof value === "string" ? nearest(value, words) : undefined;
      const recommendation =
        meant === undefined ? `Use one of: ${words.join(", ")}` : `Did you mean '${meant}'?`;
      report(
        invalid(path, `Value '${shown(value)}' not supported for ${path}`, {
          supported_values: words,
          recommendation,
        }),
      );
      return undefined;
    },
  };
}

export const onOff: Kind = choice(["enabled", "disabled"]);

export const flag: Kind = {
  schema: { type: "boolean" },
  read(value, path, { report }) {
    if (typeof value === "boolean") return value;
    report(
      invalid(path, `Value '${shown(value)}' not supported for ${path}`, {
        supported_values: [true, false],
        recommendation: "Write true or false, without quotes",
      }),
    );
    return undefined;
  },
};

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
    if (typeof value === "string") return parseDuration(value);
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

/** A text of a known form. `form` says it for people. */
export function text(pattern: RegExp, form: string, maxLength = 200): Kind {
  return {
    schema: { type: "string", pattern: pattern.source, maxLength },
    read(value, path, { report }) {
      if (typeof value === "string" && value.length <= maxLength && pattern.test(value)) return value;
      report(invalid(path, `'${shown(value)}' is not valid for ${path}`, { recommendation: `Use ${form}` }));
      return undefined;
    },
  };
}

/** A list of one kind. `min`: how many at least. An item that is wrong is left out and reported. */
export function listOf(item: Kind, min = 0): Kind {
  return {
    schema: { type: "array", items: item.schema, ...(min > 0 ? { minItems: min } : {}) },
    read(value, path, scope) {
      if (!Array.isArray(value) || value.length < min) {
        const recommendation = min > 0 ? `Write a list of at least ${min}` : "Write a list";
        scope.report(invalid(path, `'${shown(value)}' is not a list for ${path}`, { recommendation }));
        return undefined;
      }
      const read = value.map((one: Json, index) => item.read(one, `${path}[${index}]`, scope));
      return read.filter((one) => one !== undefined);
    },
  };
}
