import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { refused, request } from "../asking.ts";

const unknown = (count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`surprise${index}`, index]));
const fields = (document: JsonObject) => refused(document).map(({ details }) => details.field);

describe("a document of nothing but nonsense", () => {
  it("is told of fifty unknown fields, and how many more there are", () => {
    expect(fields(request("queue", {}, unknown(50)))).toEqual(Object.keys(unknown(50)));
    expect(refused(request("queue", unknown(53))).slice(49)).toMatchObject([
      { details: { field: "needs.surprise49" } },
      {
        code: "INVALID_CONFIGURATION",
        message: "3 more unknown fields",
        details: { field: "needs", recommendation: "See the request's schema in /openapi.json" },
      },
    ]);
  });

  it("is answered with a thousand violations at most", () => {
    const consumers = (count: number) => Array.from({ length: count }, () => 5);
    expect(fields(request("queue", {}, { access: { consumers: consumers(999) } }))).toHaveLength(999);
    expect(fields(request("queue", {}, { access: { consumers: consumers(1_500) } }))).toHaveLength(1_000);
  });

  it("is told where a field belongs that is only in the wrong place", () => {
    expect(refused(request("queue", {}, { write_rps: 5 }))).toMatchObject([
      {
        details: {
          field: "write_rps",
          nearest: "needs.write_rps",
          recommendation: "Did you mean 'needs.write_rps'?",
        },
      },
    ]);
    expect(refused(request("queue", { durabilty: "strong" }))).toMatchObject([
      { details: { field: "needs.durabilty", nearest: "needs.durability" } },
    ]);
  });
});
