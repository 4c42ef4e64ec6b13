import { Gauge, type Registry } from "prom-client";
import type { Anchors } from "./anchors.ts";

/** How long ago the log was anchored last, asked whenever somebody scrapes. */
export function anchorAge(register: Registry, anchors: Anchors, clock: () => number = Date.now): void {
  const age = new Gauge({
    name: "prism_audit_anchor_age_seconds",
    help: "Since the log was anchored last; +Inf: it never was, as far as is known",
    registers: [register],
    async collect() {
      // A scrape must not fail because S3 is away: the last known age stands.
      const last = (await anchors.all().catch(() => [])).at(-1);
      if (last !== undefined) this.set((clock() - Date.parse(last.at)) / 1_000);
    },
  });
  age.set(Number.POSITIVE_INFINITY);
}
