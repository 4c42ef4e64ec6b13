import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { anchorAge } from "../../api/anchor-age.ts";
import type { Anchors } from "../../api/anchors.ts";
import type { Anchor } from "../../eventstore/anchor.ts";

it("says how long ago the log was anchored, and +Inf where it never was; S3 that is away fails no scrape", async () => {
  const kept: Anchor[] = [];
  let isAway = false;
  const anchors: Anchors = {
    all: async () => (isAway ? Promise.reject(new Error("it is away")) : kept),
    add: async (anchor) => void kept.push(anchor),
  };
  const register = new Registry();
  anchorAge(register, anchors, () => Date.parse("2026-01-02T00:01:00Z"));
  const shown = async () => /^prism_audit_anchor_age_seconds (\S+)$/m.exec(await register.metrics())?.[1];
  expect(await shown()).toBe("+Inf");
  for (const day of ["01", "02"])
    await anchors.add({ position: day, digest: "d", at: `2026-01-${day}T00:00:00Z` });
  expect(await shown()).toBe("60");
  isAway = true;
  expect(await shown()).toBe("60");
});
