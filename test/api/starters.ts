import type { StartedOperation } from "../../api/executions.ts";
import type { OperationStarter } from "../../api/operation-starter.ts";
import type { Failure } from "../../domain/namespace/event-data.ts";
import { operation, workflow } from "../domain/namespace/examples.ts";

type Starter = Pick<OperationStarter, "notBegun">;

const started: StartedOperation = {
  namespace: "orders",
  operation,
  actor: "user:alice",
  kind: "update",
  team: "payments-team",
  client_api: "queue",
  started_at: "2026-01-01T00:00:00.000Z",
  workflow,
};

/** Temporal has the operation, and its workflow goes on. */
export const goingOn: Starter = { notBegun: async () => started };

/** Its workflow has closed: with this failure, or none. */
export const closed = (failure: Failure | null): Starter => ({
  notBegun: async () => ({ ...started, closed: { at: "2026-01-01T00:00:01.000Z", failure } }),
});
