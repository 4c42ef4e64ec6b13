import type { Metadata } from "@grpc/grpc-js";
import { isTracing, spanned, traceparent } from "../runtime/tracing.ts";
import type { Delivered } from "./message.ts";
import type { Operation } from "./operation.ts";
import type { Deliver, Publish } from "./patterns/pattern.ts";

/** Says to whoever delivers a message what it was published as part of. */
const header = "prism-traceparent";
const none: Readonly<Record<string, string>> = {};

/** A call as a span of whoever made it; without tracing it is the call. */
export function spannedCall<T>(operation: Operation, metadata: Metadata, run: () => Promise<T>): Promise<T> {
  if (!isTracing()) return run();
  const named = (name: string): string | undefined => metadata.get(name)[0]?.toString();
  const { api, name } = operation;
  return spanned(
    {
      name: `${api.slice(0, 1).toUpperCase()}${api.slice(1)}Service.${name}`,
      kind: "server",
      from: named("traceparent") ?? "",
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

/** What a message carries to whoever delivers it. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const at = traceparent();
  return at === undefined ? none : { [header]: at };
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

/** So that a consumer can go on with it; what a publisher has said itself stands. */
export function traceMetadata(): Readonly<Record<string, string>> {
  const at = traceparent();
  return at === undefined ? none : { traceparent: at };
}
