import type { Pool } from "pg";

/** The namespaces whose logs hold more than is relayed, in one question whatever their number. */
export async function logsBehind(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ namespace: string }>({
    name: "prism-logs-behind",
    text: `select h.namespace from prism_log.log_head h join prism_log.relay r using (namespace, incarnation)
      where h.position > r.relayed`,
  });
  return new Set(rows.map(({ namespace }) => namespace));
}
