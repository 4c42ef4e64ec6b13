import { setTimeout as delay } from "node:timers/promises";
import type { Sweep, Sweeps } from "../control/sweeps.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import type { ServerSentEvent } from "./event-stream.ts";

/** What a sweep has in the place of a namespace: it is of all of them. */
const everywhere = "*";

export const isSweep = ({ namespace }: Pick<OperationRow, "namespace">): boolean => namespace === everywhere;

const states = { pending: "pending", running: "running", succeeded: "done", failed: "failed" } as const;
const pollMs = 250;

/** A sweep as an operation is shown. It has no stream: it is a row, and what it does is another operation's. */
export function sweepRow(sweep: Sweep): OperationRow {
  const { id, state, error, requestedBy, askedAt, startedAt, endedAt, workflow } = sweep;
  const ended_at = endedAt?.toISOString() ?? null;
  const step = {
    name: "sweep",
    state: states[state],
    attempts: startedAt === null ? 0 : 1,
    last_error: error,
    started_at: startedAt?.toISOString() ?? null,
    ended_at,
  };
  return {
    id,
    kind: "reconcile",
    namespace: everywhere,
    teams: [],
    state,
    undoing: null,
    steps: [step],
    plan_hash: null,
    approval: null,
    error,
    requested_by: requestedBy,
    started_at: askedAt.toISOString(),
    ended_at,
    workflow,
  };
}

/** As `operationEvents`: one message whenever its state is another one, and the last one with its end. */
export async function* sweepEvents(
  sweeps: Pick<Sweeps, "get">,
  id: string,
  signal: AbortSignal,
): AsyncIterable<ServerSentEvent> {
  let told: string | undefined;
  while (!signal.aborted) {
    const sweep = await sweeps.get(id);
    if (sweep === undefined) return;
    const { namespace, kind, state, undoing, steps, plan_hash, error, ended_at } = sweepRow(sweep);
    if (state !== told) {
      const at = new Date().toISOString();
      const data = { operation: id, namespace, kind, state, undoing, steps, plan_hash, error, at };
      yield { id: "0", event: ended_at === null ? "step" : "end", data: { ...data, check_after_ms: 1_000 } };
    }
    told = state;
    if (ended_at !== null) return;
    await delay(pollMs, undefined, { signal }).catch(() => {});
  }
}
