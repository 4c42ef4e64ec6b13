import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { requestDocument } from "../../api/request-body.ts";
import { requestsIn } from "../../cli/requests.ts";

const folder = mkdtempSync(join(tmpdir(), "prism-requests-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (text: string): string => {
  const path = join(folder, "requests.yaml");
  writeFileSync(path, text);
  return path;
};
const labels = async (text: string, team?: string) =>
  (await requestsIn(file(text), team)).map(({ label }) => label);

describe("a file of requests", () => {
  it("holds one, which is passed on as it was written", async () => {
    const text = "# ours\nnamespace: orders\nteam: t\n";
    expect(await requestsIn(file(text), undefined)).toEqual([{ label: "orders", text }]);
  });

  it("holds one before a --- with nothing behind it, which the API would take for a second one", async () => {
    const [request, ...more] = await requestsIn(file("namespace: orders\nteam: t\n---\n"), undefined);
    expect(requestDocument(request?.text, "application/yaml")).toEqual({ namespace: "orders", team: "t" });
    expect(more).toEqual([]);
  });

  it("holds several behind ---, and leaves out empty ones", async () =>
    expect(await labels("namespace: a\n---\nnamespace: b\n---\n")).toEqual(["a", "b"]));

  it("holds catalogues among them, taken apart", async () =>
    expect(await labels("team: t\nnamespaces: [{name: a}, {name: b}]\n---\nnamespace: c\n")).toEqual([
      "a",
      "b",
      "c",
    ]));

  it("gets the team that it does not name, in every document, and JSON is YAML too", async () => {
    const requests = await requestsIn(file('{"namespace": "a"}\n---\n{"namespace": "b", "team": "t"}'), "t");
    expect(requests.map(({ text }) => parse(text))).toEqual([
      { namespace: "a", team: "t" },
      { namespace: "b", team: "t" },
    ]);
  });

  it.each([
    ["nothing", "", /holds no namespace request/],
    ["a list", "- a\n- b\n", /holds no namespace request/],
    ["a text behind a request", "namespace: a\n---\njust text\n", /holds no namespace request/],
    ["what is no YAML", "namespace: a\n---\nb: [1,\n", /requests.yaml: /],
  ])("is wrong usage where it holds %s", (_, text, why) => expect(labels(text)).rejects.toThrow(why));
});
