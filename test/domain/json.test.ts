import { describe, expect, it } from "vitest";
import { canonicalJson, type Json } from "../../domain/json.ts";
import { sha256Hex } from "../../domain/sha256.ts";

describe("canonical JSON (RFC 8785)", () => {
  it.each([
    [null, "null"],
    [true, "true"],
    ["", '""'],
    ['a "quoted"\n', '"a \\"quoted\\"\\n"'],
    [[], "[]"],
    [{}, "{}"],
    [[1, [2, "b"], {}], '[1,[2,"b"],{}]'],
    [{ b: 1, a: [{ d: null, c: false }] }, '{"a":[{"c":false,"d":null}],"b":1}'],
    [{ 10: "ten", 9: "nine", "": "none" }, '{"":"none","10":"ten","9":"nine"}'],
    [{ 'a"b': 1 }, '{"a\\"b":1}'],
    [-0, "0"],
    [1e21, "1e+21"],
    [0.1, "0.1"],
  ] satisfies [Json, string][])("of %j is %s", (value: Json, text) =>
    expect(canonicalJson(value)).toBe(text),
  );

  it("sorts keys as RFC 8785 does in its example: by UTF-16 units", () => {
    const example = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(canonicalJson(example)) as object)).toEqual([
      "One",
      "Carriage Return",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it("leaves out what is not there, wherever it stands", () => {
    expect(canonicalJson({ a: undefined, b: 1, c: undefined, d: 2, e: undefined })).toBe('{"b":1,"d":2}');
    expect(canonicalJson({ a: undefined })).toBe("{}");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %s, also deep within", (number) => {
    expect(() => canonicalJson(number)).toThrow(new TypeError(`${number} is not JSON`));
    expect(() => canonicalJson({ a: [number] })).toThrow(`${number} is not JSON`);
  });
});

it("a hash is SHA-256, in hexadecimal", () =>
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
