import { Gauge, type Registry } from "prom-client";
import type { DataSize, DataSizes } from "../control/data-sizes.ts";
import type { Warning } from "../domain/plan.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";

/** What it keeps. `size`: as it was measured last; of another life of the name, or of a look at the past, it says nothing. */
export function dataView({ incarnation, data_alarm }: NamespaceRow, size: DataSize | undefined) {
  const parts = size?.incarnation === incarnation ? Object.entries(size.resources) : [];
  const by_backend: Record<string, number> = {};
  for (const [key, { bytes }] of parts) {
    const [backend = ""] = key.split(" ");
    by_backend[backend] = (by_backend[backend] ?? 0) + bytes;
  }
  const [oldest = null] = parts.map(([, { measured_at }]) => measured_at).sort();
  return {
    data_bytes: parts.length === 0 ? null : parts.reduce((sum, [, { bytes }]) => sum + bytes, 0),
    measured_at: oldest,
    estimated: parts.some(([, { estimated }]) => estimated),
    by_backend,
    // Of a row that was folded before there were alarms.
    alarm: data_alarm ?? false,
  };
}

/** Its team is told where it looks anyway. */
export const nearlyFull = ({ data_alarm }: NamespaceRow): readonly Warning[] => {
  const message =
    "it kept nearly all that it reserves when it was last measured: reserve more, or keep less; nothing is refused for that";
  return data_alarm ? [{ field: "needs.data_size", message }] : [];
};

/** What namespaces in use keep and reserve, as the last sweeps say, asked at each scrape. */
export function dataGauges(register: Registry, sizes: Pick<DataSizes, "all">): void {
  const gauge = (name: string, help: string, of: (size: DataSize) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["namespace"],
      registers: [register],
      async collect() {
        // A scrape must not fail because a database is down: `/readyz` says so.
        const all = await sizes.all().catch(() => undefined);
        if (all === undefined) return;
        this.reset();
        for (const size of all) this.set({ namespace: size.namespace }, of(size));
      },
    });
  const kept = "What a namespace keeps in all backends together, as it was last measured";
  gauge("prism_namespace_data_bytes", kept, ({ dataBytes }) => dataBytes);
  const reserved = "What it had reserved then (needs.data_size)";
  gauge("prism_namespace_data_size_bytes", reserved, ({ dataSizeBytes }) => dataSizeBytes);
}
