import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requestDocument } from "../../../api/request-body.ts";
import { asked, platform } from "../asking.ts";

const folder = "docs/examples";

/** The table of `docs/examples/README.md`, which is what these tests expect. */
const table = readFileSync(`${folder}/README.md`, "utf8")
  .split("\n")
  .filter((line) => /^\| [\w-]+\/[\w-]+\.yaml /.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .map(([file = "", by = "", patterns = "", backend = "", outcome = ""]) => ({
    file,
    by,
    patterns,
    backend,
    outcome,
  }));

function outcomeOf(file: string, by: string) {
  const document = requestDocument(readFileSync(`${folder}/${file}`, "utf8"), "application/yaml");
  const named = /^team: (\S+)/m.exec(readFileSync(`${folder}/${file}`, "utf8"))?.[1];
  const team = named ?? "media-team";
  const caller = by === "platform" ? platform : { subject: "user:alice", teams: [team], platform: false };
  const examined = asked(document, { caller, team });
  if (!examined.accepted) {
    const [first] = examined.violations;
    return { patterns: "–", backend: "–", outcome: `${first?.code} ${first?.details.field}` };
  }
  const { plan, approval } = examined.selection;
  return {
    patterns: plan.patterns.map(({ type }) => type).join(", ") || "none",
    backend: plan.backend.type,
    outcome: approval.length === 0 ? "planned" : `approval: ${approval.map(({ field }) => field).join(", ")}`,
  };
}

describe("docs/examples", () => {
  it.each(table)("$file: $outcome", ({ file, by, patterns, backend, outcome }) => {
    expect(outcomeOf(file, by)).toEqual({ patterns, backend, outcome });
  });

  it("lists every file, and no other", () => {
    const files = globSync(`${folder}/**/*.yaml`).map((path) => path.slice(folder.length + 1));
    expect(table.map(({ file }) => file).sort()).toEqual(files.sort());
  });
});
