import { describe, expect, it } from "vitest";
import type { Plan } from "../../../domain/plan.ts";
import { accepted, refused, request } from "../asking.ts";
import { rows } from "./golden-table.ts";

const places = ({ resources }: Plan): string[] =>
  [...new Set(resources.map(({ backend }) => backend))].sort();

describe("the golden table", () => {
  it.each(rows)("$example", (row) => {
    const { plan, approval } = accepted(row.asks).selection;
    expect(plan.patterns.map(({ type }) => type)).toEqual(row.patterns);
    expect(plan.backend.type).toBe(row.backend);
    if (row.partitions !== undefined) expect(plan.backend.config.partitions).toBe(row.partitions);
    if (row.places !== undefined) expect(places(plan)).toEqual(row.places);
    expect(approval.map(({ field }) => field)).toEqual(row.approval ?? []);
  });

  it("refuses RFC-014's 'How Prism selects' as pubsub: pubsub is eventual (R5, R15)", () => {
    const asks = { write_rps: 5000, max_message_size: "5GB", consistency: "strong", retention: "30days" };
    expect(refused(request("pubsub", asks))[0]).toMatchObject({
      code: "INVALID_CONFIGURATION",
      details: { field: "needs.consistency" },
    });
  });
});
