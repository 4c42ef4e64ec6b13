import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const buf = join(root, "node_modules/.bin/buf");
const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`;
const run = (args: string[], cwd: string) =>
  execFileSync(buf, args, { cwd, env: { ...process.env, PATH: path }, encoding: "utf8" });

describe("the protocol files", () => {
  it("pass their linter", { timeout: 60_000 }, () => expect(run(["lint"], root)).toBe(""));

  it("are what the generated code was made from", { timeout: 60_000 }, () => {
    const copy = mkdtempSync(join(tmpdir(), "prism-proto-"));
    try {
      for (const part of ["proto", "buf.yaml", "buf.gen.yaml"])
        cpSync(join(root, part), join(copy, part), { recursive: true });
      run(["generate"], copy);
      expect(textsBelow(join(copy, "proto/gen"))).toEqual(textsBelow(join(root, "proto/gen")));
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

const textsBelow = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
