import type { Prism } from "../sdk/typescript/prism.ts";

const topic = "orders";
// As many as a busy service has under way; each waits for its own acknowledgement.
const concurrency = 64;
const patienceMs = 60_000;

/** Publishes orders 1 to `count`, a customer's in order, and answers how that went. */
export async function publishOrders(
  client: Prism,
  run: string,
  count: number,
): Promise<{ acknowledged: number; figures: string }> {
  const latencies: number[] = [];
  let next = 0;
  const begun = performance.now();
  const publisher = async () => {
    while (next < count) {
      next += 1;
      const order = { run, order_id: next, customer: `customer-${next % 100}`, amount: 99.99 };
      const sent = performance.now();
      await client.queue.publish(topic, order, { key: order.customer });
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, publisher));
  const tookMs = performance.now() - begun;
  return { acknowledged: latencies.length, figures: figuresOf(count, tookMs, latencies) };
}

/** Consumes until every order of this run was seen, acknowledging each; what earlier runs left is passed over. */
export async function consumeOrders(
  client: Prism,
  run: string,
  count: number,
): Promise<{ distinct: number; figures: string }> {
  const seen = new Set<number>();
  const begun = performance.now();
  const messages = client.queue.consume(topic, { group: "analytics", from: "earliest", credit: 1_000 });
  const patience = setTimeout(() => messages.return(), patienceMs);
  for await (const message of messages) {
    const order = message.json() as { run?: string; order_id: number };
    if (order.run === run) seen.add(order.order_id);
    await message.ack();
    if (seen.size === count) break;
  }
  clearTimeout(patience);
  return { distinct: seen.size, figures: figuresOf(seen.size, performance.now() - begun, []) };
}

function figuresOf(count: number, tookMs: number, latencies: number[]): string {
  const rate = `${Math.round(count / (tookMs / 1_000)).toLocaleString("en")}/s in ${Math.round(tookMs)} ms`;
  if (latencies.length === 0) return rate;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  return `${rate}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
