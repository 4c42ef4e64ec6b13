import { describe, expect, it } from "vitest";
import { patchOf } from "../../cli/patch.ts";

const none = { addConsumer: [], removeConsumer: [] };
const current = {
  namespace: "orders",
  status: "active",
  client_api: "queue",
  endpoints: [],
  access: {
    owners: [{ team: "payments-team" }],
    consumers: [{ service: "order-api", access: "read-write" }],
  },
};

describe("the patch of prism namespace update", () => {
  it.each([
    [["--needs.write_rps", "10000"], { needs: { write_rps: 10_000 } }],
    [["--needs.data_size=2TB", "--needs.ordered", "true"], { needs: { data_size: "2TB", ordered: true } }],
    [["--policies.deletion_protection", "false"], { policies: { deletion_protection: false } }],
    [["--needs.replay", "null"], { needs: { replay: null } }],
  ])("%j", (fields, patch) => expect(patchOf(fields, none, current)).toEqual(patch));

  it("changes the list of consumers as a whole", () => {
    const asked = { addConsumer: ["billing:read-only"], removeConsumer: ["order-api"] };
    expect(patchOf([], asked, current)).toEqual({
      access: { consumers: [{ service: "billing", access: "read-only" }] },
    });
  });

  it.each([[["--team", "x"]], [["--needs.write_rps"]], [[]]])("refuses %j", (fields) =>
    expect(() => patchOf(fields, none, current)).toThrow(/unknown option|needs a value|nothing to change/),
  );
});
