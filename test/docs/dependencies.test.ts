import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const packages = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const text = readFileSync(join(root, "docs/dependencies.md"), "utf8");

/** The packages a section's table has a line for, with what the line says. */
function documented(heading: string): readonly { readonly name: string; readonly why: string }[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name = "", why = ""]) => ({
    name,
    why,
  }));
}

const sections = [
  ["What runs", "dependencies"],
  ["What develops and checks", "devDependencies"],
  ["What may be absent", "optionalDependencies"],
] as const;

describe("docs/dependencies.md", () => {
  it.each(sections)("%s: a line for each of %s, in its order, and for no other", (heading, kind) => {
    const named = documented(heading).map(({ name }) => name);
    expect(named).toEqual(Object.keys(packages[kind]).sort());
    expect(named.length).toBeGreaterThan(0);
  });

  it.each(sections)("%s: says of each what for", (heading) => {
    expect(documented(heading).filter(({ why }) => why.trim().split(" ").length < 3)).toEqual([]);
  });

  it("tells what stands for each package of the founding card", () => {
    const cards = text.split("## The card and what stands here")[1]?.split("\n## ")[0] ?? "";
    const replaced = [...cards.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(replaced).toEqual(["@eventstore/db-client", "nats", "kafkajs"]);
    for (const name of ["Temporal", "pg", "ioredis", "@aws-sdk/client-s3", "fastify", "zod", "vitest"]) {
      expect(cards).toMatch(new RegExp(`^\\| ${name}\\b.* \\| as named`, "m"));
    }
  });
});

describe("package.json", () => {
  it("names every version exactly", () => {
    const all = sections.flatMap(([, kind]) => Object.entries<string>(packages[kind]));
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version))).toEqual([]);
  });

  it("has one version of everything that must go together", () => {
    const versionsOf = (prefix: string): Set<string> =>
      new Set(
        Object.entries<string>({ ...packages.dependencies, ...packages.devDependencies })
          .filter(([name]) => name.startsWith(prefix))
          .map(([, version]) => version),
      );
    expect(versionsOf("@temporalio/").size).toBe(1);
    expect(packages.devDependencies["@bufbuild/protoc-gen-es"]).toBe(
      packages.dependencies["@bufbuild/protobuf"],
    );
  });
});
