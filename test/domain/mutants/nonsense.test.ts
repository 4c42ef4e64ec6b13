import { describe, expect, it } from "vitest";
import { PrismError } from "../../../domain/errors.ts";
import type { JsonObject } from "../../../domain/json.ts";
import type { Inventory } from "../../../domain/selection/inventory.ts";
import { asked, refused, request } from "../asking.ts";

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

describe("a mistake of ours while a plan is chosen", () => {
  const broken = (error: Error): Inventory =>
    new Proxy(
      {},
      {
        get() {
          throw error;
        },
      },
    );

  it.each([new TypeError("no such thing"), new PrismError("INTERNAL", "cannot be")])(
    "is not told as the caller's: %s",
    (error) => expect(() => asked(request("queue"), { inventory: broken(error) })).toThrow(error),
  );

  it("is one where it is a refusal", () => {
    const error = new PrismError("QUOTA_EXCEEDED", "too much", { details: { field: "needs.write_rps" } });
    expect(asked(request("queue"), { inventory: broken(error) })).toMatchObject({
      accepted: false,
      mayKnow: true,
      violations: [{ code: "QUOTA_EXCEEDED", message: "too much", details: { field: "needs.write_rps" } }],
    });
  });
});
