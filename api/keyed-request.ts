import { v5 as uuid5, v7 as uuid7 } from "uuid";
import type { IdempotencyKeys } from "../control/idempotency-keys.ts";
import { PrismError } from "../domain/errors.ts";
import { canonicalJson, type Json } from "../domain/json.ts";
import { begunBy } from "../domain/namespace/progress.ts";
import { sha256Hex } from "../domain/sha256.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Caller } from "../runtime/auth.ts";
import type { StartedOperation } from "./executions.ts";
import type { OperationStarter } from "./operation-starter.ts";
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

/** What is asked under the key: a create, or a change of a namespace that is there. */
export type Keyed =
  | { readonly method: "POST"; readonly namespace?: undefined }
  | { readonly method: "PATCH" | "DELETE"; readonly namespace: string }
  | { readonly method: "POST"; readonly namespace: string; readonly verb: "relay/rewind" | "move" };

/**
 * A request under its `Idempotency-Key`. `IDEMPOTENCY_KEY_REUSED` where the key came with another body before.
 * Without a key every request is its own.
 */
export function keyedBy(
  deps: KeyedDependencies,
  caller: Caller,
  body: Json,
  key: string | undefined,
  what: Keyed = { method: "POST" },
): KeyedRequest {
  if (key === undefined) {
    return { operation: uuid7(), before: async () => undefined, claim: async () => {} };
  }
  if (key.length > longestKey) throw tooLong();
  const operation = uuid5([caller.subject, what.method, pathOf(what), key].join("\n"), operationIds);
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

const pathOf = (what: Keyed): string =>
  ["/api/v1/namespaces", what.namespace, "verb" in what ? what.verb : undefined]
    .filter((part) => part !== undefined)
    .join("/");

async function startedBefore(
  { store, starter }: KeyedDependencies,
  namespace: string,
  operation: string,
): Promise<StartedOperation | undefined> {
  const { events, state } = await readNamespace(store, namespace);
  let asked = state.request;
  for (const event of events) {
    if (event.type === "NamespaceRequested") asked = event.data.request;
    const begins = begunBy(event);
    if (begins?.operation !== operation || asked === undefined || !("workflow" in event.data)) continue;
    const { team, client_api } = asked;
    return {
      ...{ namespace, operation, actor: event.metadata.actor, team, client_api },
      kind: begins.kind,
      started_at: event.recordedAt.toISOString(),
      workflow: event.data.workflow,
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
