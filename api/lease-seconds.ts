import { Gauge, type Registry } from "prom-client";
import type { Leases } from "../control/leases.ts";

/** How long the lease of each live proxy still runs, asked whenever somebody scrapes; a proxy without one is not there. */
export function leaseSeconds(register: Registry, leases: Pick<Leases, "live">): void {
  new Gauge({
    name: "prism_proxy_lease_seconds",
    help: "Seconds until the lease of a proxy ends unless it renews it; a proxy that has none is missing",
    labelNames: ["proxy"],
    registers: [register],
    async collect() {
      // A scrape must not fail because a database is down: `/readyz` says so.
      const live = await leases.live().catch(() => undefined);
      if (live === undefined) return;
      this.reset();
      for (const { proxy, leaseUntil } of live) {
        this.set({ proxy }, Math.max(0, (leaseUntil.getTime() - Date.now()) / 1_000));
      }
    },
  });
}
