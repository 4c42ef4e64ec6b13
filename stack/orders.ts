import { setTimeout as pause } from "node:timers/promises";
import { PrismError } from "../sdk/typescript/errors.ts";
import type { Prism } from "../sdk/typescript/prism.ts";

const topic = "orders";
// As many as a busy service has under way; each waits for its own acknowledgement.
const concurrency = 64;
const patienceMs = 120_000;
const againMs = 200;

export type Sending = {
  readonly run: string;
  readonly count: number;
  /** Called once half of them are acknowledged, while the others are on their way. */
  readonly halfway: () => Promise<void>;
};

/** Publishes orders 1 to `count` and answers how many were acknowledged, and how that went. */
export async function publishOrders(
  client: Prism,
  { run, count, halfway }: Sending,
): Promise<{ acknowledged: number; figures: string }> {
  const latencies: number[] = [];
  let meanwhile = Promise.resolve();
  let next = 0;
  const begun = performance.now();
  const publisher = async () => {
    while (next < count) {
      next += 1;
      const sent = performance.now();
      await untilAcknowledged(client, {
        run,
        order_id: next,
        customer: `customer-${next % 100}`,
        amount: 99.99,
      });
      if (latencies.push(performance.now() - sent) === Math.ceil(count / 2)) meanwhile = halfway();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, publisher));
  const tookMs = performance.now() - begun;
  await meanwhile;
  return { acknowledged: latencies.length, figures: figuresOf(count, tookMs, latencies) };
}

type Order = {
  readonly run: string;
  readonly order_id: number;
  readonly customer: string;
  readonly amount: number;
};

/** Under one key of its own, so that an order is there once, however often it had to be said. */
async function untilAcknowledged({ queue }: Prism, order: Order): Promise<void> {
  const { run, order_id, customer: key } = order;
  const options = { key, idempotencyKey: `${run}/${order_id}` };
  for (const until = performance.now() + patienceMs; ; await pause(againMs)) {
    try {
      await queue.publish(topic, order, options);
      return;
    } catch (error) {
      const passing = error instanceof PrismError && mayPass.includes(error.code);
      if (!passing || performance.now() > until) throw error;
    }
  }
}

const mayPass: readonly string[] = ["BACKEND_UNAVAILABLE", "NAMESPACE_NOT_READY"];

/** Consumes until every order of this run was seen, acknowledging each; what earlier runs left is passed over. */
export async function consumeOrders(
  client: Prism,
  run: string,
  count: number,
): Promise<{ distinct: number; invented: number; figures: string }> {
  const seen = new Set<number>();
  const ids = new Set<string>();
  const begun = performance.now();
  const messages = client.queue.consume(topic, { group: "analytics", from: "earliest", credit: 1_000 });
  const patience = setTimeout(() => messages.return(), patienceMs);
  for await (const message of messages) {
    const order = message.json() as Partial<Order>;
    if (order.run === run && order.order_id !== undefined) {
      seen.add(order.order_id);
      ids.add(message.id);
    }
    await message.ack();
    if (seen.size === count) break;
  }
  clearTimeout(patience);
  const figures = figuresOf(seen.size, performance.now() - begun, []);
  return { distinct: seen.size, invented: ids.size - seen.size, figures };
}

function figuresOf(count: number, tookMs: number, latencies: number[]): string {
  const rate = `${Math.round(count / (tookMs / 1_000)).toLocaleString("en")}/s in ${Math.round(tookMs)} ms`;
  if (latencies.length === 0) return rate;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  return `${rate}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
