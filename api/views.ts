import type { DataSize } from "../control/data-sizes.ts";
import { inUse, type ProxyLease } from "../control/leases.ts";
import type { RecordedEvent } from "../domain/event.ts";
import type { Warning } from "../domain/plan.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import { dedicatedAboveRps, isLarge } from "../domain/shard/placement.ts";
import { dataView, nearlyFull } from "./data-size.ts";
import type { Sight } from "./rights.ts";

/** The shapes of `api.md` §3, from the rows that projections keep. */
export type NamespaceView = ReturnType<typeof namespaceView>;
export type OperationView = ReturnType<typeof operationView>;

/**
 * `live`: the proxies of now; `undefined`: a look at the past, which knows where it was served then. `size`: what
 * was measured of it.
 */
export function namespaceView(
  row: NamespaceRow,
  sight: Exclude<Sight, "nothing">,
  live: readonly ProxyLease[] | undefined,
  size?: DataSize,
) {
  const basics = {
    namespace: row.namespace,
    status: row.status,
    client_api: row.client_api,
    endpoints: endpointsOf(row, live).map(({ address }) => address),
  };
  if (sight === "basics") return basics;
  return {
    ...basics,
    team: row.team,
    needs: row.request.needs,
    access: row.request.access,
    policies: row.request.policies,
    version: row.version,
    created_at: row.created_at,
    updated_at: row.updated_at,
    shard: row.shard,
    data: dataView(row, size),
    warnings: [...row.warnings, ...misplaced(row), ...nearlyFull(row)],
    operation: row.operation,
  };
}

export function operationView(
  row: OperationRow,
  checkAfterMs: number,
  temporal: { readonly uiUrl: string; readonly namespace: string },
) {
  const { id: workflowId, run_id } = row.workflow;
  const path = `namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}/${run_id}/history`;
  const { teams: _, workflow: __, ...shown } = row;
  return {
    ...shown,
    check_after_ms: checkAfterMs,
    workflow: { id: workflowId, run_id, url: run_id === "" ? null : `${temporal.uiUrl}/${path}` },
  };
}

/** One that has grown, or shrunk, stays where it is until the platform moves it. */
function misplaced({ namespace, request, shard, alone }: NamespaceRow): readonly Warning[] {
  const large = isLarge(request.needs);
  if (shard === null || large === (alone ?? large)) return [];
  const why = large
    ? `above ${dedicatedAboveRps} requests a second (reads and writes) it needs a shard of its own`
    : `with ${dedicatedAboveRps} requests a second or less it needs no shard of its own`;
  const message = `${why}: a platform member moves it with 'prism shard move ${namespace}'`;
  return [{ field: "needs", message }];
}

export const endpointsView = (row: NamespaceRow, live: readonly ProxyLease[] | undefined) => ({
  namespace: row.namespace,
  endpoints: endpointsOf(row, live),
});

function endpointsOf(row: NamespaceRow, live: readonly ProxyLease[] | undefined) {
  if (row.serving !== "serving") return [];
  // How a proxy felt at some moment of the past is recorded nowhere.
  if (live === undefined)
    return row.served_at.map((endpoint) => ({ ...endpoint, health: "unknown", load: 0 }));
  return inUse(live)
    .filter(({ shard }) => shard === row.shard)
    .map(({ address, region, healthy, load }) => ({
      address,
      region,
      health: healthy ? "healthy" : "unhealthy",
      load,
    }));
}

export const eventView = (event: RecordedEvent) => ({
  position: String(event.position),
  stream: event.stream,
  revision: String(event.revision),
  id: event.id,
  type: event.type,
  data: event.data,
  recorded_at: event.recordedAt.toISOString(),
  actor: event.metadata.actor,
  operation_id: event.metadata.operation,
  correlation_id: event.metadata.correlation,
  causation_id: event.metadata.causation,
  hash: event.hash,
});
