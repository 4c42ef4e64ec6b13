import { Counter, Gauge, type Registry } from "prom-client";

/** What deliveries keep in memory, and how often that was too much. */
export interface DeliveryMetrics {
  held(namespace: string, bytes: number): void;
  /** A group had to stop reading: whose budget was used up. */
  paused(namespace: string, budget: "namespace" | "proxy"): void;
  /** At 0, so that a namespace is there from the moment it is served. */
  begin(namespace: string): void;
  end(namespace: string): void;
}

export function deliveryMetrics(registry: Registry): DeliveryMetrics {
  const registers = [registry];
  const bytes = new Gauge({
    name: "prism_delivery_buffered_bytes",
    help: "What waits in this proxy for consumers or for their acknowledgements",
    labelNames: ["namespace"],
    registers,
  });
  const pauses = new Counter({
    name: "prism_delivery_pauses_total",
    help: "How often a group stopped reading because a budget of memory was used up",
    labelNames: ["namespace", "budget"],
    registers,
  });
  const budgets = ["namespace", "proxy"] as const;
  return {
    held: (namespace, held) => bytes.set({ namespace }, held),
    paused: (namespace, budget) => pauses.inc({ namespace, budget }),
    begin(namespace) {
      bytes.set({ namespace }, 0);
      for (const budget of budgets) pauses.inc({ namespace, budget }, 0);
    },
    end(namespace) {
      bytes.remove({ namespace });
      for (const budget of budgets) pauses.remove({ namespace, budget });
    },
  };
}
