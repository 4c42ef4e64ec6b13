import { Gauge, type Registry } from "prom-client";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";

type Lagging = Pick<ProjectionReader<unknown>, "lag">;

/** How old the first event is that a projection has not folded yet, asked whenever somebody scrapes. */
export function projectionLag(register: Registry, projections: Readonly<Record<string, Lagging>>): void {
  new Gauge({
    name: "prism_projection_lag_seconds",
    help: "Age of the oldest event that what is served does not contain yet; 0: none is missing",
    labelNames: ["projection"],
    registers: [register],
    async collect() {
      for (const [projection, reader] of Object.entries(projections)) {
        // A scrape must not fail because a database is down: the last known lag stands, `/readyz` says the rest.
        const lag = await reader.lag().catch(() => undefined);
        if (lag !== undefined) this.set({ projection }, lag.seconds);
      }
    },
  });
}
