import { readFile } from "node:fs/promises";
import { parseAllDocuments, stringify } from "yaml";
import { readStandardInput } from "./standard-input.ts";
import { UsageError } from "./usage-error.ts";

/** One namespace request, as text for the API; the API judges it. */
export type RequestText = { readonly label: string; readonly text: string };

/**
 * The requests a file holds: one, several documents with --- between them, or RFC-014's catalogue (`namespaces:`)
 * taken apart, each with what the document's top level says for all. `-` reads standard input.
 */
export async function requestsIn(file: string, team: string | undefined): Promise<readonly RequestText[]> {
  const text = await textOf(file);
  const documents = parsed(text, file);
  // As it was written, where nothing is added to it: errors then name its own lines.
  const written = documents.length === 1 && team === undefined ? text : undefined;
  return documents.flatMap((document) => {
    const { namespaces, ...shared } = document;
    if (!Array.isArray(namespaces) || namespaces.length < 2) return [one(document, team, written)];
    return namespaces.map((item) => one({ ...shared, namespaces: [item] }, team, undefined));
  });
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

function parsed(text: string, file: string): readonly Document[] {
  const documents = [...parseAllDocuments(text)].map((document): unknown => {
    const [error] = document.errors;
    if (error !== undefined) throw new UsageError(`${file}: ${error.message}`);
    return document.toJS({ maxAliasCount: 100 });
  });
  const values = documents.filter((value) => value !== null);
  if (values.length > 0 && values.every(isObject)) return values;
  throw new UsageError(`${file} holds no namespace request`);
}

const isObject = (value: unknown): value is Document =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
