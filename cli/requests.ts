import { parseAllDocuments, stringify } from "yaml";
import { contentOf } from "./content-of.ts";
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
  const { documents, empty } = parsed(text, file);
  // As it was written, where nothing is added or left out: errors then name its own lines.
  const isWhole = documents.length === 1 && empty === 0 && team === undefined;
  const written = isWhole ? text : undefined;
  return documents.flatMap((document) => {
    const { namespaces, ...shared } = document;
    if (!Array.isArray(namespaces) || namespaces.length < 2) return [one(document, team, written)];
    return namespaces.map((item) => one({ ...shared, namespaces: [item] }, team, undefined));
  });
}

const textOf = async (file: string): Promise<string> =>
  file === "-" ? readStandardInput() : String(await contentOf(file));

type Document = Readonly<Record<string, unknown>>;

function parsed(text: string, file: string): { documents: readonly Document[]; empty: number } {
  const documents = [...parseAllDocuments(text)].map((document): unknown => {
    const [error] = document.errors;
    if (error !== undefined) throw new UsageError(`${file}: ${error.message}`);
    return document.toJS({ maxAliasCount: 100 });
  });
  const values = documents.filter((value) => value !== null);
  if (values.length > 0 && values.every(isObject))
    return { documents: values, empty: documents.length - values.length };
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
