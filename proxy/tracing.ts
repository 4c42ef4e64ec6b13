import type { Metadata } from "@grpc/grpc-js";
import type { NewRecord } from "../backends/log.ts";
import { isTracing, spanned, traceparent } from "../runtime/tracing.ts";
import type { Delivered } from "./message.ts";
import type { Operation } from "./operation.ts";
import type { Deliver, Publish } from "./patterns/pattern.ts";

/** Says to whoever delivers a message what it was published as part of. */
const header = "prism-traceparent";
// The lowest bit of its flags.
const sampled = /[13579bdf]$/;
// As many as a span keeps.
const mostLinks = 128;
const none: Readonly<Record<string, string>> = {};

/**
 * A call as a span of whoever made it, or of what it says itself; without tracing it is the call.
 * `own`: that of one message of many.
 */
export function spannedCall<T>(
  operation: Operation,
  metadata: Metadata,
  run: () => Promise<T>,
  own?: string,
): Promise<T> {
  if (!isTracing()) return run();
  const named = (name: string): string | undefined => metadata.get(name)[0]?.toString();
  const { api, name } = operation;
  return spanned(
    {
      name: `${api.slice(0, 1).toUpperCase()}${api.slice(1)}Service.${name}`,
      kind: "server",
      from: readable(own) ?? named("traceparent") ?? "",
      attributes: {
        "prism.namespace": named("prism-namespace") ?? "",
        "prism.api": api,
        "prism.operation": name,
      },
    },
    run,
  );
}

/** A step of a chain, or its end, as a span of what it is a step of. */
export const spannedStep = (name: string, attributes: Record<string, string>, step: Publish): Publish =>
  isTracing() ? (message) => spanned({ name, attributes }, () => step(message)) : step;

/** What a message carries to whoever delivers it; where there are no spans here, what its publisher said. */
export function traceHeaders(said?: string): Readonly<Record<string, string>> {
  const at = traceparent() ?? readable(said);
  return at === undefined ? none : { [header]: at };
}

/** What cannot be read is as none: nobody's publish fails for it. */
const readable = (text: string | undefined): string | undefined =>
  text !== undefined && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) ? text : undefined;

/**
 * What a relay sends at once, until the backend has it: a span of its own, since it is of many publishes,
 * with links to those of them that are sampled. Where none is, it is the sending.
 */
export function spannedBatch(
  namespace: string,
  records: readonly NewRecord[],
  send: () => Promise<void>,
): Promise<void> {
  const links = isTracing() ? sampledIn(records) : [];
  if (links.length === 0) return send();
  const attributes = { "prism.namespace": namespace, "prism.messages": records.length };
  return spanned({ name: "relay.batch", kind: "producer", from: "", attributes, links }, send);
}

function sampledIn(records: readonly NewRecord[]): readonly string[] {
  const found: string[] = [];
  for (const { headers } of records) {
    const at = headers.get(header);
    if (at !== undefined && sampled.test(at) && found.push(at) === mostLinks) break;
  }
  return found;
}

/** Deliveries as spans of what their messages were published as part of. */
export const spannedDelivery = (
  namespace: string,
  deliver: (consumer: Deliver) => Deliver,
): ((consumer: Deliver) => Deliver) =>
  isTracing()
    ? (consumer) => {
        const next = deliver(consumer);
        return (message) => spanned(deliveryOf(namespace, message), () => next(message));
      }
    : deliver;

const deliveryOf = (namespace: string, { id, headers }: Delivered) => ({
  name: "QueueService.Deliver",
  kind: "consumer" as const,
  from: headers[header] ?? "",
  attributes: { "prism.namespace": namespace, "prism.api": "queue", "prism.message_id": id },
});

/** So that a consumer can go on with it: the delivery, or where there are no spans here what its publisher said. */
export function traceMetadata(headers: Delivered["headers"]): Readonly<Record<string, string>> {
  const at = traceparent() ?? headers[header];
  return at === undefined ? none : { traceparent: at };
}
