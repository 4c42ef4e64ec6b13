import { describe, expect, it } from "vitest";
import { refused } from "../asking.ts";
import { wrongAccess } from "./wrong/access.ts";
import { wrongBoundaries } from "./wrong/boundaries.ts";
import { wrongDocuments } from "./wrong/documents.ts";
import { wrongForms } from "./wrong/forms.ts";
import { wrongNeeds } from "./wrong/needs.ts";
import { wrongValues } from "./wrong/values.ts";

const wrongRequests = [
  ...wrongDocuments,
  ...wrongValues,
  ...wrongAccess,
  ...wrongForms,
  ...wrongNeeds,
  ...wrongBoundaries,
];

describe("a wrong request", () => {
  it.each(wrongRequests)("$wrong", ({ asks, given, all, cure }) => {
    const violations = refused(asks, given);
    expect(violations.map(({ code, details }) => `${code} ${details.field}`)).toEqual(all);
    expect(violations[0]?.details.recommendation).toBe(cure);
    for (const { message } of violations) expect(message).toMatch(/\S/);
  });

  it("comes in at least sixty kinds", () => {
    expect(wrongRequests.length).toBeGreaterThanOrEqual(60);
  });
});
