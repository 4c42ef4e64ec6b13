import { PrismError } from "../domain/errors.ts";
import type { Json } from "../domain/json.ts";
import { assertSound } from "./sound-document.ts";
import { type Place, placeOf, unreadable } from "./unreadable.ts";
import { parseYaml } from "./yaml-body.ts";

export const maxBodyBytes = 1_048_576;
/** Its reader takes a hundred times as long as that of JSON, and nobody writes so much by hand. */
export const maxYamlBytes = 131_072;

type Sent = { readonly body?: unknown; readonly headers: { readonly "content-type"?: string | undefined } };

const read = new WeakMap<Sent, Json>();

/** What a request's body holds (`requestDocument`), read once however many ask. */
export function documentOf(request: Sent): Json {
  const known = read.get(request);
  if (known !== undefined) return known;
  const document = requestDocument(request.body, request.headers["content-type"]);
  read.set(request, document);
  return document;
}

/**
 * The value a request body holds. JSON is read strictly; YAML is read as YAML 1.2 without
 * custom tags, merge keys, duplicate keys or a second document.
 *
 * Errors: `PAYLOAD_TOO_LARGE` above 1 MiB, as YAML above 128 KiB; `INVALID_CONFIGURATION` with `line` and
 * `column`, both from 1, where the text does not parse.
 */
export function requestDocument(sent: unknown, contentType: string | undefined): Json {
  // A call without a body has none, not an empty one.
  const body = typeof sent === "string" ? sent : "";
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "application/json";
  const isJson = type === "application/json" || type.endsWith("+json");
  if (!isJson && !yamlTypes.includes(type)) throw unknownType(type);
  const limit = isJson ? maxBodyBytes : maxYamlBytes;
  if (Buffer.byteLength(body) > limit) {
    throw new PrismError("PAYLOAD_TOO_LARGE", `the request is larger than ${limit} bytes`, {
      details: { limit, recommendation: "Send one namespace a request" },
    });
  }
  const document = isJson ? parseJson(body) : parseYaml(body);
  assertSound(document);
  return document;
}

const unknownType = (type: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `content type '${type.slice(0, 60)}' is not understood`, {
    details: {
      field: "content-type",
      supported_values: accepted,
      recommendation: `Send ${accepted.join(" or ")}`,
    },
  });

const yamlTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];
const accepted = ["application/json", "application/yaml"];

function parseJson(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch (cause) {
    const { message } = cause as SyntaxError;
    const said = message.replace(/ in JSON at position.*| \(line \d+ column \d+\)/, "");
    throw unreadable("JSON", said, placeIn(body, message), cause);
  }
}

/** The engine names the place of most mistakes, but not of the commonest. */
function placeIn(body: string, message: string): Place | undefined {
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  if (line !== undefined) return { line: Number(line), column: Number(column) };
  if (message.startsWith(endsTooEarly)) return placeOf(body, body.length);
  return message.startsWith(unexpectedToken) ? placeOf(body, firstUnexpected(body)) : undefined;
}

const endsTooEarly = "Unexpected end of JSON input";
const unexpectedToken = "Unexpected token";

/** Where that character stands: what ends before it may lack something, but holds nothing unexpected. */
function firstUnexpected(body: string): number {
  let [sound, unsound] = [0, body.length];
  while (unsound - sound > 1) {
    const middle = (sound + unsound) >> 1;
    if (messageOf(body.slice(0, middle)).startsWith(unexpectedToken)) unsound = middle;
    else sound = middle;
  }
  return sound;
}

function messageOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return (error as SyntaxError).message;
  }
}
