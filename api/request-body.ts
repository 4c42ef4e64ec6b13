import { parseDocument } from "yaml";
import { PrismError } from "../domain/errors.ts";
import type { Json } from "../domain/json.ts";
import { assertSound } from "./sound-document.ts";

export const maxBodyBytes = 1_048_576;

/** More aliases than a person writes, too few to blow a document up. */
const maxAliases = 100;

/**
 * The value a request body holds. JSON is read strictly; YAML is read as YAML 1.2 without
 * custom tags, merge keys, duplicate keys or a second document.
 *
 * Errors: `PAYLOAD_TOO_LARGE` above 1 MiB, `INVALID_CONFIGURATION` with `line` and
 * `column`, both from 1, where the text does not parse.
 */
export function requestDocument(sent: unknown, contentType: string | undefined): Json {
  // A call without a body has none, not an empty one.
  const body = typeof sent === "string" ? sent : "";
  if (Buffer.byteLength(body) > maxBodyBytes) {
    throw new PrismError("PAYLOAD_TOO_LARGE", `the request is larger than ${maxBodyBytes} bytes`, {
      details: { limit: maxBodyBytes, recommendation: "Send one namespace a request" },
    });
  }
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "application/json";
  const isJson = type === "application/json" || type.endsWith("+json");
  if (isJson || yamlTypes.includes(type)) {
    const document = isJson ? parseJson(body) : parseYaml(body);
    assertSound(document);
    return document;
  }
  throw new PrismError("INVALID_CONFIGURATION", `content type '${type.slice(0, 60)}' is not understood`, {
    details: {
      field: "content-type",
      supported_values: accepted,
      recommendation: `Send ${accepted.join(" or ")}`,
    },
  });
}

const yamlTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];
const accepted = ["application/json", "application/yaml"];

function parseJson(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch (cause) {
    const message = (cause as SyntaxError).message;
    const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
    // Where the engine names no place, the text ended too early.
    const place = line === undefined ? endOf(body) : { line: Number(line), column: Number(column) };
    throw unreadable(
      "JSON",
      message.replace(/ in JSON at position.*| \(line \d+ column \d+\)/, ""),
      place,
      cause,
    );
  }
}

function parseYaml(body: string): Json {
  const parsed = attempt(() => parseDocument(body, { version: "1.2", schema: "core", prettyErrors: false }));
  // A warning is a tag that was not understood: what it meant would be lost.
  const wrong = parsed.errors[0] ?? parsed.warnings[0];
  if (wrong !== undefined) throw unreadable("YAML", wrong.message, placeOf(body, wrong.pos[0]), wrong);
  return attempt(() => withoutInfinities(parsed.toJS({ maxAliasCount: maxAliases }) as Json));
}

function attempt<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof PrismError) throw cause;
    const deep = cause instanceof RangeError;
    throw unreadable(
      "YAML",
      deep ? "it is nested too deeply" : (cause as Error).message,
      { line: 1, column: 1 },
      cause,
    );
  }
}

/** YAML can write `.inf` and `.nan`, JSON cannot hold them. */
function withoutInfinities(value: Json): Json {
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "number" || Number.isFinite(member)) return member;
    throw new TypeError(`${member} is not a value`);
  });
  return JSON.parse(text) as Json;
}

const unreadable = (
  language: "JSON" | "YAML",
  message: string,
  { line, column }: { line: number; column: number },
  cause: unknown,
): PrismError =>
  new PrismError(
    "INVALID_CONFIGURATION",
    `the request is not ${language}: ${message}, at line ${line}, column ${column}`,
    {
      details: { field: "body", line, column, recommendation: `Correct line ${line}` },
      cause,
    },
  );

function placeOf(body: string, offset: number): { line: number; column: number } {
  const before = body.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const endOf = (body: string): { line: number; column: number } => placeOf(body, body.length);
