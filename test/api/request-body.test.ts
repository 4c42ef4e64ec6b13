import { describe, expect, it } from "vitest";
import { documentOf, maxBodyBytes, maxYamlBytes, requestDocument } from "../../api/request-body.ts";

const failing = (body: unknown, type?: string) => {
  try {
    requestDocument(body, type);
  } catch (error) {
    return error as { code: string; message: string; details: Record<string, unknown> };
  }
  throw new Error("the body was read");
};

const yaml = "application/yaml";

describe("a request body", () => {
  it("is JSON unless it says otherwise", () => {
    expect(requestDocument('{"needs": {"ordered": true}}', undefined)).toEqual({ needs: { ordered: true } });
    expect(requestDocument("[1]", "application/merge-patch+json; charset=utf-8")).toEqual([1]);
  });

  it.each([yaml, "text/yaml; charset=utf-8", "application/x-yaml"])("is YAML as %s", (type) => {
    expect(requestDocument("needs:\n  ordered: true # really\n  ttl: 900\n", type)).toEqual({
      needs: { ordered: true, ttl: 900 },
    });
  });

  it("reads YAML 1.2: a norwegian country code is a text, and so is a date", () => {
    expect(requestDocument("a: no\nb: 2025-10-10", yaml)).toEqual({ a: "no", b: "2025-10-10" });
  });

  it("follows the aliases a person writes", () => {
    expect(requestDocument("a: &x {ttl: 1}\nb: *x", yaml)).toEqual({ a: { ttl: 1 }, b: { ttl: 1 } });
  });

  it.each([
    ["YAML that breaks off", "a: 1\nb: [1,\n", yaml, 3],
    ["YAML with a key twice", "a: 1\nb: 2\na: 3\n", yaml, 3],
    ["YAML with a tag of its own", "a: 1\nb: !ruby/object x\n", yaml, 2],
    ["YAML with a key twice, once as a number", "a:\n  1: x\n  '1': y\n", yaml, 3],
    ["YAML with a key that is none", "a: 1\n? [b]\n: 2\n", yaml, 2],
    ["YAML with an alias of nothing", "a: 1\nb: *a\n", yaml, 2],
    ["a second YAML document", "a: 1\n---\nb: 2\n", yaml, 2],
    ["JSON with a stray comma", '{\n  "a": 1,\n}', "application/json", 3],
    ["JSON with a word in it", '{"a": 1,\n "b": yes,\n "c": 3,\n "d": 4\n}', "application/json", 2],
    ["JSON with a comma before a bracket", '{"a": [1,\n],\n "c": 3\n}', "application/json", 2],
    ["JSON that breaks off", '{\n  "a": 1\n', "application/json", 3],
  ])("names the line of %s", (_, body, type, line) => {
    const error = failing(body, type);
    expect(error).toMatchObject({ code: "INVALID_CONFIGURATION", details: { line } });
    expect(error.details.column).toBeGreaterThan(0);
    expect(error.message).toContain(`line ${line}`);
  });

  it("is not blown up by aliases of aliases", () => {
    const lines = Array.from(
      { length: 12 },
      (_, i) => `k${i + 1}: &k${i + 1} [${Array(9).fill(`*k${i}`).join(", ")}]`,
    );
    expect(failing(["k0: &k0 x", ...lines].join("\n"), yaml)).toMatchObject({
      code: "INVALID_CONFIGURATION",
    });
  });

  it("means by an alias what was called so before it", () => {
    const body = "a: &y 1\nb: &x [*y]\nc: &y 2\nd: *x\ne: *y\n";
    expect(requestDocument(body, yaml)).toEqual({ a: 1, b: [1], c: 2, d: [1], e: 2 });
  });

  it("is not blown up by many aliases of one long list, nor of one long text", () => {
    const copies = `b: [${Array(99).fill("*a").join(", ")}]`;
    for (const long of [`[${Array(5_000).fill("1").join(",")}]`, "x".repeat(100_000)])
      expect(failing(`a: &a ${long}\n${copies}`, yaml)).toMatchObject({
        message: expect.stringContaining("1 MiB"),
      });
  });

  it("of many keys does not hold up everybody else", () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i.toString(36)}:`);
    const before = process.threadCpuUsage().user;
    expect(Object.keys(requestDocument(keys.join("\n"), yaml) as object)).toHaveLength(20_000);
    // Five seconds where each key is compared with all others, a fraction of one where it is not.
    expect(process.threadCpuUsage().user - before).toBeLessThan(3_000_000);
  });

  it("is read once, however many ask", () => {
    const request = { body: "a: [1]", headers: { "content-type": yaml } };
    expect(documentOf(request)).toBe(documentOf(request));
  });

  it("holds no value that JSON cannot", () => {
    expect(failing("a: .inf", yaml)).toMatchObject({ code: "INVALID_CONFIGURATION" });
  });

  it("may be nested deeply without harm", () => {
    expect(failing("[".repeat(100_000), yaml)).toMatchObject({ code: "INVALID_CONFIGURATION" });
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(failing(deep)).toMatchObject({ code: "INVALID_CONFIGURATION" });
  });

  it("holds nothing that could not be stored, and no endless number", () => {
    for (const body of [
      String.raw`{"team":"a\u0000b"}`,
      String.raw`{"a\u0000b":1}`,
      String.raw`["\ud800"]`,
      "[1e999]",
    ]) {
      expect(failing(body)).toMatchObject({ code: "INVALID_CONFIGURATION", details: { field: "body" } });
    }
  });

  it("may be missing, which is wrong like an empty one", () => {
    for (const body of [undefined, null, ""]) {
      expect(failing(body)).toMatchObject({ code: "INVALID_CONFIGURATION", details: { line: 1, column: 1 } });
    }
  });

  it("is at most 1 MiB, counted in bytes", () => {
    const most = `"${"x".repeat(maxBodyBytes - 2)}"`;
    expect(requestDocument(most, undefined)).toHaveLength(maxBodyBytes - 2);
    expect(failing(`${most} `)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(failing(`"${"é".repeat(600_000)}"`)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  it("is at most 128 KiB of YAML, and says so", () => {
    expect(requestDocument("x".repeat(maxYamlBytes), yaml)).toHaveLength(maxYamlBytes);
    expect(failing("x".repeat(maxYamlBytes + 1), yaml)).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      message: expect.stringContaining(`${maxYamlBytes}`),
      details: { limit: maxYamlBytes },
    });
  });

  it("is refused in a language Prism does not read", () => {
    expect(failing("<a/>", "application/xml")).toMatchObject({ details: { field: "content-type" } });
  });
});
