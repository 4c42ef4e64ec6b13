import { Gauge, type Registry } from "prom-client";
import type { Sweeps } from "../control/sweeps.ts";
import { findingClasses } from "../domain/reconcile/finding.ts";

/** What the last look at the backends found and nobody has put right since, by class; asked at each scrape. */
export function driftFindings(register: Registry, sweeps: Pick<Sweeps, "counts">): void {
  new Gauge({
    name: "prism_drift_findings",
    help: "Findings of the last sweep that stand, by class",
    labelNames: ["class"],
    registers: [register],
    async collect() {
      // A scrape must not fail because a database is down: `/readyz` says so.
      const counts = await sweeps.counts().catch(() => undefined);
      if (counts === undefined) return;
      for (const each of findingClasses) this.set({ class: each }, counts.get(each) ?? 0);
    },
  });
}
