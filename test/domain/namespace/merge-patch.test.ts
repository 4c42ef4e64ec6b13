import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { mergePatch, patchBetween } from "../../../domain/namespace/merge-patch.ts";

describe("a merge patch", () => {
  it.each([
    // The examples of RFC 7396, appendix A.
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("on %j of %j makes %j", (target, patch, made) => expect(mergePatch(target, patch)).toEqual(made));
});

/** As requests are: objects and lists of values, and no null. */
const request = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.integer()),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), {
    noNullPrototype: true,
  }) as never,
})).object;

describe("the patch between two requests", () => {
  it("makes the one of the other, whatever they are", () =>
    fc.assert(
      fc.property(request, request, (a, b) => {
        expect(mergePatch(a, patchBetween(a, b))).toEqual(b);
      }),
    ));

  it("is empty where they are the same", () =>
    fc.assert(
      fc.property(request, (a) => {
        expect(patchBetween(a, structuredClone(a))).toEqual({});
      }),
    ));

  it("says only what differs", () =>
    expect(
      patchBetween(
        { needs: { write_rps: 1, ttl: 5 }, access: { consumers: [1] }, team: "a" },
        { needs: { write_rps: 2 }, access: { consumers: [1, 2] }, team: "a" },
      ),
    ).toEqual({ needs: { write_rps: 2, ttl: null }, access: { consumers: [1, 2] } }));
});
