import { describe, expect, it } from "vitest";
import { parseQuota } from "../../../domain/team/parse-quota.ts";

describe("the quota a document asks for", () => {
  it("is read with its units", () =>
    expect(
      parseQuota({ quota: { write_rps: "5k", read_rps: 10_000, data_size: "2GB", namespaces: 7 } }),
    ).toEqual({
      quota: { write_rps: 5_000, read_rps: 10_000, data_size: 2_000_000_000, namespaces: 7 },
    }));

  it("says nothing of what it does not name", () => {
    expect(parseQuota({ quota: { namespaces: 9 } })).toEqual({ quota: { namespaces: 9 } });
    expect(parseQuota({ quota: {} })).toEqual({ quota: {} });
  });

  it.each([
    [{}, "quota", "Field 'quota' is required"],
    [{ quota: 5 }, "quota", "'5' is not an object"],
    [{ quota: { data_size: 100 } }, "quota.data_size", undefined],
    [{ quota: { data_size: "lots" } }, "quota.data_size", undefined],
    [{ quota: { write_rps: -1 } }, "quota.write_rps", "'-1' is not a rate"],
    [{ quota: { read_rps: "often" } }, "quota.read_rps", "'often' is not a rate"],
    [{ quota: { namespaces: 0 } }, "quota.namespaces", "'0' is not a whole number from 1"],
    [{ quota: { namespace: 1 } }, "quota.namespace", "Unknown field 'quota.namespace'"],
    [{ quota: {}, team: "x" }, "team", "Unknown field 'team'"],
    [[], "", "'[]' is not an object"],
  ])("%j is refused at %s", (document, field, message) => {
    const parsed = parseQuota(document);
    expect(parsed).toMatchObject({ violations: [{ code: "INVALID_CONFIGURATION", details: { field } }] });
    if (message !== undefined) expect(parsed).toMatchObject({ violations: [{ message }] });
  });

  it("is refused with everything that is wrong at once", () =>
    expect(parseQuota({ quota: { write_rps: "x", data_size: 1 } })).toMatchObject({
      violations: [{}, {}],
    }));
});
