import { v5 as uuid5, v7 as uuid7 } from "uuid";
import type { IdempotencyKeys } from "../control/idempotency-keys.ts";
import { PrismError } from "../domain/errors.ts";
import { canonicalJson, type Json } from "../domain/json.ts";
import { sha256Hex } from "../domain/sha256.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import type { OperationStarter, StartedOperation } from "./operation-starter.ts";
import { readNamespace } from "./read-namespace.ts";

export type KeyedDependencies = {
  readonly store: EventStore;
  readonly starter: OperationStarter;
  readonly keys: IdempotencyKeys;
};

export type KeyedRequest = {
  readonly operation: string;
  /** The operation that the first request under this key has started, if it came so far. */
  before(): Promise<StartedOperation | undefined>;
  /** Once nothing speaks against it: a request that was refused leaves its key free. */
  claim(namespace: string): Promise<void>;
};

/** Chosen once: the same key from the same caller names the same operation for ever. */
const operationIds = "0a0d5c6e-6a8c-4d0e-8a43-7c1d1f0e2b55";
const longestKey = 200;

/**
 * A create under its `Idempotency-Key`. `IDEMPOTENCY_KEY_REUSED` where the key came with another body before.
 * Without a key every request is its own.
 */
export function keyedBy(
  deps: KeyedDependencies,
  caller: Caller,
  body: Json,
  key: string | undefined,
): KeyedRequest {
  if (key === undefined) {
    return { operation: uuid7(), before: async () => undefined, claim: async () => {} };
  }
  if (key.length > longestKey) throw tooLong();
  const operation = uuid5([caller.subject, "POST", "/api/v1/namespaces", key].join("\n"), operationIds);
  const digest = sha256Hex(canonicalJson(body));
  return {
    operation,

    async before() {
      const asked = await deps.keys.known(operation);
      if (asked === undefined) return undefined;
      if (asked.digest !== digest) throw reused();
      return startedBefore(deps, asked.namespace, operation);
    },

    async claim(namespace) {
      const first = await deps.keys.claim(operation, { namespace, digest });
      if (first.digest !== digest) throw reused();
    },
  };
}

async function startedBefore(
  { store, starter }: KeyedDependencies,
  namespace: string,
  operation: string,
): Promise<StartedOperation | undefined> {
  const { events } = await readNamespace(store, namespace);
  for (const { type, data, metadata, recordedAt } of events) {
    if (type !== "NamespaceRequested" || data.operation !== operation) continue;
    const { team, client_api } = data.request;
    return {
      ...{ namespace, operation, actor: metadata.actor, team, client_api },
      kind: "create",
      started_at: recordedAt.toISOString(),
      workflow: data.workflow,
    };
  }
  const running = await starter.notBegun({ namespace });
  return running?.operation === operation ? running : undefined;
}

const reused = (): PrismError =>
  new PrismError("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another request", {
    details: { field: "Idempotency-Key", recommendation: "Use a new key for a new request" },
  });

const tooLong = (): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `Idempotency-Key is longer than ${longestKey} characters`, {
    details: { field: "Idempotency-Key", recommendation: "Use a UUID" },
  });
