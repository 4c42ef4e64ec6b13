import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parsedBody } from "../../api/parsed-body.ts";

const nothingNeeded = z.strictObject({ shard: z.string().optional() });
const needed = z.strictObject({ reason: z.string() });
const headers = { "content-type": "application/json" };

describe("a small body", () => {
  it.each([undefined, null, ""])("may be left out where nothing is required: %j", (body) => {
    expect(parsedBody(nothingNeeded, { body, headers: {} })).toEqual({});
    expect(parsedBody(nothingNeeded, { body, headers })).toEqual({});
  });

  it("that is left out lacks what is required", () =>
    expect(() => parsedBody(needed, { body: undefined, headers: {} })).toThrow("reason"));

  it("is refused where it is no JSON, or holds what nobody asked for", () => {
    expect(() => parsedBody(nothingNeeded, { body: "{", headers })).toThrow("not JSON");
    expect(() => parsedBody(nothingNeeded, { body: '{"shards": 1}', headers })).toThrow("shards");
  });
});
