import { readFile } from "node:fs/promises";
import { parse, stringify, YAMLParseError } from "yaml";
import { readStandardInput } from "./standard-input.ts";
import { UsageError } from "./usage-error.ts";

/** One namespace request, as text for the API; the API judges it. */
export type RequestText = { readonly label: string; readonly text: string };

/**
 * The requests a file holds: one, or RFC-014's catalogue (`namespaces:`) taken apart, each
 * with what the document's top level says for all. `-` reads standard input.
 */
export async function requestsIn(file: string, team: string | undefined): Promise<readonly RequestText[]> {
  const text = await textOf(file);
  const document = parsed(text, file);
  const { namespaces, ...shared } = document;
  if (!Array.isArray(namespaces) || namespaces.length < 2)
    return [one(document, team, team === undefined ? text : undefined)];
  return namespaces.map((item) => one({ ...shared, namespaces: [item] }, team, undefined));
}

async function textOf(file: string): Promise<string> {
  if (file === "-") return readStandardInput();
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
}

type Document = Readonly<Record<string, unknown>>;

function parsed(text: string, file: string): Document {
  try {
    const document: unknown = parse(text, { maxAliasCount: 100 });
    if (typeof document === "object" && document !== null && !Array.isArray(document))
      return document as Document;
  } catch (error) {
    if (error instanceof YAMLParseError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
  throw new UsageError(`${file} holds no namespace request`);
}

/** The text as it was written, where nothing is added to it: errors then name its own lines. */
function one(document: Document, team: string | undefined, text: string | undefined): RequestText {
  const [item] = (Array.isArray(document["namespaces"]) ? document["namespaces"] : []) as Document[];
  const label = String(document["namespace"] ?? item?.["name"] ?? item?.["namespace"] ?? "?");
  return { label, text: text ?? stringify(withTeam(document, team)) };
}

/** The command line's team stands in for a missing one; it never overrules the file. */
function withTeam(document: Document, team: string | undefined): Document {
  if (team === undefined) return document;
  if (document["team"] !== undefined && document["team"] !== team) {
    throw new UsageError(`the file's team is '${document["team"]}', --team says '${team}': they must agree`);
  }
  return { ...document, team };
}
