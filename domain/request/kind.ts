import type { Json, JsonObject } from "../json.ts";
import type { ClientApi } from "../plan.ts";
import { nearest } from "./nearest.ts";
import { invalid, type Report, shown, unimplemented } from "./violation.ts";

/**
 * Where a value is read: whom to tell what is wrong, which client API the defaults are
 * for, if it is known, and every path there is, to say where a stray field belongs.
 */
export type Scope = {
  readonly report: Report;
  readonly api: ClientApi | undefined;
  readonly paths: readonly string[];
};

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
