import { describe, expect, it } from "vitest";
import { nearest } from "../../../domain/request/nearest.ts";

describe("the name a person most likely meant", () => {
  it.each([
    ["ttl", "ttl", "the very name"],
    ["clientApi", "client_api", "another way to join words"],
    ["WRITE-RPS", "write_rps", "another case"],
    ["wriet_rps", "write_rps", "two neighbours swapped, one slip"],
    ["durabilti", "durability", "a letter left out, two swapped"],
    ["ordeerd", "ordered", "two neighbours swapped, not at the end"],
    ["tlt", "ttl", "a short one swapped"],
    ["retentions", "retention", "a letter too many"],
    ["retntion", "retention", "a letter too few"],
    ["retontion", "retention", "a wrong letter"],
  ])("of %s is %s: %s", (typed, meant) => {
    expect(nearest(typed, ["durability", "client_api", "write_rps", "ordered", "ttl", "retention"])).toBe(
      meant,
    );
  });

  it.each([
    // As many slips as a third of the letters, at least two.
    ["abcd", "abxy", "abcd"],
    ["abc", "axy", "axy"],
    ["abcdef", "abcxyz", undefined],
    ["abcdefghi", "abcdefxyz", "abcdefxyz"],
    ["abcdefghi", "abcdewxyz", undefined],
    // Each counts one; a swap of letters that are not neighbours counts two.
    ["abcdef", "badcef", "badcef"],
    ["abcdef", "badcfe", undefined],
    ["abcdef", "cbadef", "cbadef"],
    ["abcdef", "cbafed", undefined],
    ["xab", "abyz", undefined],
  ])("%s and %s are near enough: %s", (typed, known, meant) => {
    expect(nearest(typed, [known])).toBe(meant === undefined ? undefined : known);
  });

  it("is the first of two that are equally near", () => {
    expect(nearest("rate", ["rats", "race"])).toBe("rats");
    expect(nearest("race", ["rats", "rate"])).toBe("rate");
  });

  it("is not looked for behind a text that is no name", () => {
    const name = "x".repeat(64);
    expect(nearest(name, [name])).toBe(name);
    expect(nearest(`${name}x`, [`${name}x`])).toBeUndefined();
    expect(nearest("ttl", [])).toBeUndefined();
  });
});
