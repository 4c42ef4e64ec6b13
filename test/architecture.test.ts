import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * Who may import whom: the first thing a newcomer should read. `type` allows only what
 * the compiler erases. A folder's own files are always allowed; `main.ts` may import
 * everything, and nothing imports it.
 */
const layers: Readonly<Record<string, Readonly<Record<string, "any" | "type">>>> = {
  domain: {},
  eventstore: { domain: "any" },
  backends: { domain: "any" },
  control: { domain: "any", eventstore: "any" },
  workflows: { domain: "any", activities: "type" },
  activities: {
    domain: "any",
    backends: "any",
    control: "any",
    eventstore: "any",
    proto: "any",
    runtime: "any",
  },
  api: {
    domain: "any",
    control: "any",
    eventstore: "any",
    proto: "any",
    runtime: "any",
    workflows: "type",
    activities: "type",
  },
  proxy: { domain: "any", backends: "any", proto: "any", runtime: "any" },
  runtime: { domain: "any" },
  proto: {},
  sdk: { proto: "any" },
  cli: { sdk: "any", stack: "any" },
  stack: { sdk: "any", runtime: "any", backends: "any" },
};

/** What a layer may take from outside the repository, where that is bounded. */
const packages: Readonly<Record<string, readonly string[]>> = {
  // Pure functions on bytes; the domain has no other way to a hash without I/O.
  domain: ["@noble/hashes"],
  workflows: ["@temporalio/workflow", "@temporalio/common"],
  sdk: ["@bufbuild/protobuf", "@grpc/grpc-js", "node:"],
};

const root = resolve(import.meta.dirname, "..");
const folders = Object.keys(layers);
const files = folders.flatMap((folder) => sources(join(root, folder)));

describe("the architecture", () => {
  it("has a layer for every folder of sources", () => {
    const known = new Set([...folders, "test"]);
    const found = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
      .filter((entry) => sources(join(root, entry.name)).length > 0)
      .map((entry) => entry.name);
    expect(found.filter((name) => !known.has(name))).toEqual([]);
  });

  it("lets every layer import only what its line in the table allows", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap(forbiddenImports)).toEqual([]);
  });

  it("notices an import that is not allowed", () => {
    const upward = 'import { kafka } from "../backends/kafka.ts";';
    expect(judge("domain/plan.ts", upward)).toEqual(["domain/plan.ts imports backends/kafka.ts"]);
    expect(judge("domain/plan.ts", 'import fs from "node:fs";')).toEqual(["domain/plan.ts imports node:fs"]);
    expect(judge("workflows/x.ts", 'import { activities } from "../activities/activities.ts";')).toEqual([
      "workflows/x.ts imports activities/activities.ts as a value",
    ]);
    expect(judge("workflows/x.ts", 'import type { Activities } from "../activities/activities.ts";')).toEqual(
      [],
    );
    expect(judge("api/x.ts", 'import { x } from "./main.ts";')).toEqual(["api/x.ts imports api/main.ts"]);
  });

  it("has no file that comes back to itself by way of others, not even for a type", () => {
    expect(circles(new Map(files.map((file) => [relative(root, file), own(file)])))).toEqual([]);
    const planted = new Map([
      ["a.ts", ["b.ts", "c.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts"]],
    ]);
    expect(circles(planted)).toEqual(["b.ts → c.ts → b.ts"]);
  });

  it("reads the environment in one place", () => {
    const readers = files.filter((file) =>
      /process\.env\b/.test(withoutComments(readFileSync(file, "utf8"))),
    );
    // The processes' own entries hand it on: to runtime/config.ts, or to stack/ as an argument.
    const entries = /(^|\/)main\.ts$|^stack\/watchdog\.ts$/;
    expect(readers.map((file) => relative(root, file)).filter((file) => !entries.test(file))).toEqual([]);
  });

  it("names no folder after a place where a name was not found", () => {
    const vague =
      /(^|\/)(src|lib|utils?|common|types|shared|services|helpers?|managers?|drivers?|plugins?)(\/|\.ts$)/;
    expect(files.map((file) => relative(root, file)).filter((file) => vague.test(file))).toEqual([]);
  });
});

function forbiddenImports(file: string): string[] {
  return judge(relative(root, file), readFileSync(file, "utf8"));
}

function judge(file: string, text: string): string[] {
  const layer = file.split("/")[0] ?? "";
  if (file.endsWith("/main.ts")) return [];
  return imports(text).flatMap(({ from, typeOnly }) => {
    if (!from.startsWith(".")) return outside(layer, from) ? [] : [`${file} imports ${from}`];
    const target = relative(root, resolve(root, dirname(file), from));
    const into = target.split("/")[0] ?? "";
    if (target.endsWith("/main.ts")) return [`${file} imports ${target}`];
    if (into === layer) return [];
    const allowed = layers[layer]?.[into];
    if (allowed === undefined) return [`${file} imports ${target}`];
    return allowed === "type" && !typeOnly ? [`${file} imports ${target} as a value`] : [];
  });
}

/** What of the repository a file imports. */
const own = (file: string): readonly string[] =>
  imports(readFileSync(file, "utf8"))
    .filter(({ from }) => from.startsWith("."))
    .map(({ from }) => relative(root, resolve(dirname(file), from)));

function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file].join(" → "));
    if (done.has(file) || way.includes(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

function outside(layer: string, name: string): boolean {
  const allowed = packages[layer];
  return allowed === undefined || allowed.some((prefix) => name.startsWith(prefix));
}

function imports(text: string): { from: string; typeOnly: boolean }[] {
  const statements = /^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']/gm;
  const found = [...withoutComments(text).matchAll(statements)];
  const dynamic = [...text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)];
  return [
    ...found.map(([, type, from]) => ({ from: from ?? "", typeOnly: type !== undefined })),
    ...dynamic.map(([, from]) => ({ from: from ?? "", typeOnly: false })),
  ];
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes("node_modules") && !file.includes("/gen/"));
}
