import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../../docs/decisions");
const textOf = (file: string): string => readFileSync(join(folder, file), "utf8");

const records = readdirSync(folder)
  .filter((file) => file !== "README.md")
  .sort();

/** The index's rows: number, title, file. */
const index = [...textOf("README.md").matchAll(/^\| (\d{3}) \| \[(.+)\]\((.+)\) \|$/gm)].map(
  ([, number, title, file]) => ({ number, title, file: file ?? "" }),
);

// Half a page: who needs more has more than one decision.
const mostWords = 300;

describe("the decision records", () => {
  it("are named by number and title, and numbered without a gap", () => {
    expect(records.filter((file) => !/^\d{3}-[a-z0-9]+(-[a-z0-9]+)*\.md$/.test(file))).toEqual([]);
    const numbers = records.map((file) => Number(file.slice(0, 3)));
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  });

  it("stand in the index, each once, and nothing else does", () => {
    expect(index.map(({ file }) => file)).toEqual(records);
  });

  it.each(records)("%s has the index's title, the three headings, and half a page", (file) => {
    const text = textOf(file);
    const row = index.find((one) => one.file === file);
    expect(text.split("\n")[0]).toBe(`# ${row?.number} ${row?.title}`);
    expect(file.slice(0, 3)).toBe(row?.number);
    const parts = text.split(/^## /m).slice(1);
    expect(parts.map((part) => part.split("\n")[0])).toEqual([
      "Context",
      "Decision",
      "Rejected alternatives",
    ]);
    // Each heading has something under it.
    expect(parts.filter((part) => part.split("\n").slice(1).join("").trim() === "")).toEqual([]);
    expect(text.split(/\s+/).length).toBeLessThan(mostWords);
  });

  it("name one another by numbers that exist", () => {
    const named = records.flatMap((file) =>
      [...textOf(file).matchAll(/\((\d{3})\)|[Dd]ecision (\d{3})/g)].map(([, a, b]) => a ?? b ?? ""),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((number) => !records.some((file) => file.startsWith(number)))).toEqual([]);
  });
});
