import { PrismError } from "../domain/errors.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import type { EventStore } from "../eventstore/event-store.ts";

/** What a waiting caller is told as soon as it is certain, which is before the unwinding ends. */
export type Decision = { readonly position: bigint; readonly failure: PrismError | undefined };

/** The operation's decision, or `undefined` where `signal` aborts first. */
export async function decisionOf(
  store: EventStore,
  target: { readonly namespace: string; readonly operation: string },
  signal: AbortSignal,
): Promise<Decision | undefined> {
  const stream = streamOf(target.namespace);
  const items = store.subscribe({ filter: { streamPrefixes: [stream] }, signal });
  for await (const item of items) {
    if (item.kind !== "event") continue;
    const { event } = item;
    if (event.stream !== stream || event.metadata.operation !== target.operation) continue;
    const decided = decision(event as unknown as NamespaceEvent);
    if (decided !== "undecided") return { position: event.position, failure: decided };
  }
  return undefined;
}

function decision(event: NamespaceEvent): PrismError | undefined | "undecided" {
  if (event.type === "NamespaceActivated") return undefined;
  const refused = event.type === "NamespaceFailed" || event.type === "NamespaceRejected";
  if (refused || (event.type === "StepFailed" && !event.data.will_retry)) {
    const { code, message, details } = event.data.error;
    return new PrismError(code, message, { details });
  }
  return "undecided";
}
