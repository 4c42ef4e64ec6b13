import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const documents = [
  ...["README.md", "CHANGELOG.md"].filter((file) => existsSync(join(root, file))),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const sourceFile = /\.(ts|mjs|js|json|md|ya?ml|sql|proto|xml)$/;

/** Whether what stands in backticks means a place in this repository: by its end, or by the folder it begins with. */
function isPath(text: string): boolean {
  // A bare `.ts` is a suffix.
  if (!/^[\w.][\w./-]*$/.test(text) || /^\.[\w.]+$/.test(text)) return false;
  if (sourceFile.test(text) || text.endsWith("/")) return true;
  return text.includes("/") && folders.includes(text.split("/")[0] ?? "");
}

const withoutFences = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, "");

const pathsIn = (text: string): string[] =>
  [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? "").filter(isPath);

/** Where a document's links lead within the repository. */
const linksIn = (text: string): string[] =>
  [...withoutFences(text).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));

describe("the documents", () => {
  it("are there", () => expect(documents).toContain("docs/ARCHITECTURE.md"));

  it.each(documents)("%s names only files and folders that exist", (document) => {
    const text = readFileSync(join(root, document), "utf8");
    expect(pathsIn(text).filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const links = linksIn(text);
    expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([]);
  });

  it.each(documents)("%s names no place of one machine", (document) => {
    const text = readFileSync(join(root, document), "utf8");
    expect(text.match(/(^|[\s`"'(])\/(root|home|Users|tmp|var\/folders)\/\S*/gm) ?? []).toEqual([]);
  });

  it("would be caught naming what is not there", () => {
    const text =
      "see `domain/plan.ts`, `domain/gone.ts`, `portal/`, `api/v9`, `application/yaml`, `/openapi.json`";
    expect(pathsIn(text)).toEqual(["domain/plan.ts", "domain/gone.ts", "portal/", "api/v9"]);
  });
});
