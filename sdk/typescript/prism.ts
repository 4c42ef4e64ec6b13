import { connection } from "./connection.ts";
import { type Control, control } from "./control.ts";
import { apiOf, discovery } from "./discovery.ts";
import { PrismError } from "./errors.ts";
import { type Queue, queue } from "./queue.ts";
import type { Token } from "./token.ts";

export type PrismOptions = {
  readonly namespace: string;
  readonly token: Token;
  /**
   * `api://host:port` or the URL of the control plane, which knows the proxies and is what `control` speaks to; or
   * `dns://prism.example.com`, `dns://server:port/prism.example.com`.
   */
  readonly discovery?: string;
  /** Where this program runs: proxies of that region are preferred. */
  readonly region?: string;
  /** host:port of proxies, where they are known. */
  readonly endpoints?: readonly string[];
  /**
   * The W3C `traceparent` of what is under way, asked at each publish and each call of `control`: then what Prism
   * does for it is part of that trace. Default: it is part of none. A consumer goes on with
   * `message.metadata.traceparent`. With OpenTelemetry:
   *
   * ```ts
   * traceparent: () => {
   *   const carrier: { traceparent?: string } = {};
   *   propagation.inject(context.active(), carrier);
   *   return carrier.traceparent;
   * }
   * ```
   */
  readonly traceparent?: (() => string | undefined) | undefined;
};

export interface Prism {
  readonly queue: Queue;
  /** REST; needs `discovery`. */
  readonly control: Control;
  close(): void;
}

/**
 * A namespace, for programs.
 *
 * ```ts
 * const orders = prism({ namespace: "order-processing", discovery: "api://127.0.0.1:8900", token });
 * await orders.queue.publish("orders", { order_id: 12345, amount: 99.99 });
 * for await (const message of orders.queue.consume("orders", { group: "billing" })) await message.ack();
 * ```
 */
export function prism(options: PrismOptions): Prism {
  const { namespace, token, region, traceparent } = options;
  const connected = connection({ namespace, token, region, endpoints: endpointsOf(options) });
  const messages = queue(connected, traceparent);
  return {
    queue: messages,
    get control() {
      const api = apiOf(options.discovery);
      if (api === undefined) throw needed("discovery", "control needs discovery: 'api://host:port'");
      return control({ api, token, traceparent });
    },
    close() {
      messages.close();
      connected.close();
    },
  };
}

function endpointsOf({ endpoints, discovery: address, namespace }: PrismOptions) {
  if (endpoints !== undefined && endpoints.length > 0) return endpoints;
  if (address !== undefined) return discovery(address, namespace);
  throw needed("discovery", "neither discovery nor endpoints say where the namespace is served");
}

const needed = (field: string, message: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", message, { details: { field } });
