import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { deliveryMemory } from "../../proxy/delivery-memory.ts";
import { deliveryMetrics } from "../../proxy/delivery-metrics.ts";
import { until } from "../setup/until.ts";
import { fresh, never, started, stored, subscriber } from "./group-stage.ts";

const large = (at: number) => ({ ...stored(at), value: new Uint8Array(10_000) });

/** Groups with one partition each; `read`: so many more messages come, as far as they are wanted. */
async function groupOf(memory: ReturnType<ReturnType<typeof deliveryMemory>["open"]>, credit = 100) {
  const stage = await started({ memory });
  const consumer = subscriber(credit);
  stage.memory.assign(fresh(0));
  stage.joined.attach(consumer.self);
  let next = 0;
  const read = (count: number): number => {
    const before = next;
    for (let at = 0; at < count && stage.memory.wants(0); at++, next++) {
      stage.memory.deliver(0, [large(next)], BigInt(next + 1));
    }
    return next - before;
  };
  let acknowledged = 0;
  const acknowledge = (count: number): void => {
    for (let at = 0; at < count; at++) {
      stage.joined.acknowledge(consumer.taken[acknowledged++]?.receipt ?? never());
    }
  };
  return { ...stage, consumer, read, acknowledge };
}

describe("the memory of deliveries", () => {
  it("is bounded over a namespace's groups, and what does not fit is read once there is room", async () => {
    const memory = deliveryMemory({ namespaceBytes: 50_000 }).open("n");
    const [one, two] = [await groupOf(memory), await groupOf(memory)];
    expect(one.read(3)).toBe(3);
    // Five messages of 10 kB and what is around them.
    expect(two.read(10)).toBe(2);
    expect(one.read(1)).toBe(0);
    one.acknowledge(1);
    await until(() => two.memory.woken() + one.memory.woken() >= 1);
    expect(two.read(10) + one.read(10)).toBe(1);
    two.acknowledge(2);
    await until(() => one.memory.woken() > 0 && two.memory.woken() > 0);
    expect(one.consumer.ids().length).toBeGreaterThanOrEqual(3);
  });

  it("is taken by metadata and keys, too", async () => {
    const memory = deliveryMemory({ namespaceBytes: 100_000 });
    const { memory: log, joined } = await started({ memory: memory.open("n") });
    log.assign(fresh(0));
    const headers = Array.from({ length: 40 }, (_, at) => [`about-${at}`, "x".repeat(500)] as const);
    let read = 0;
    for (; read < 20 && log.wants(0); read++) {
      const one = stored(read);
      log.deliver(0, [{ ...one, headers: new Map([...one.headers, ...headers]) }], BigInt(read + 1));
    }
    expect(read).toBe(5);
    await joined.close();
  });

  it("is bounded over a proxy's namespaces", async () => {
    const memory = deliveryMemory({ namespaceBytes: 50_000, proxyBytes: 60_000 });
    const [one, two] = [await groupOf(memory.open("one")), await groupOf(memory.open("two"))];
    expect(one.read(10)).toBe(5);
    expect(two.read(10)).toBe(1);
    one.acknowledge(5);
    await until(() => two.memory.woken() > 0);
    expect(two.read(10)).toBe(4);
  });

  it("keeps a group from nothing: what holds no message may always read one", async () => {
    const memory = deliveryMemory({ namespaceBytes: 20_000 }).open("n");
    const [stuck, other] = [await groupOf(memory, 0), await groupOf(memory)];
    expect(stuck.read(10)).toBe(2);
    for (let round = 0; round < 5; round++) {
      expect(other.read(10)).toBe(1);
      const before = other.memory.woken();
      other.acknowledge(1);
      // At once, not only when the other has acknowledged.
      expect(other.memory.woken()).toBe(before + 1);
    }
    expect(other.consumer.ids()).toEqual(["m0", "m1", "m2", "m3", "m4"]);
  });

  it("is given back by a group that ends, and for partitions that have moved", async () => {
    const memory = deliveryMemory({ namespaceBytes: 20_000 }).open("n");
    const [ending, moved, other] = [await groupOf(memory), await groupOf(memory), await groupOf(memory)];
    expect(ending.read(1) + moved.read(1) + other.read(10)).toBe(3);
    await ending.joined.close();
    moved.memory.assign(fresh(1));
    await until(() => other.memory.woken() > 0);
    expect(other.read(10)).toBe(1);
  });

  it("wakes everybody in turn, also where those who are woken do not read", async () => {
    const memory = deliveryMemory({ namespaceBytes: 100_000 }).open("n");
    const groups = await Promise.all(Array.from({ length: 10 }, () => groupOf(memory)));
    for (const each of groups) expect(each.read(1)).toBe(1);
    for (const each of groups) expect(each.memory.wants(0)).toBe(false);
    groups[0]?.acknowledge(1);
    await until(() => groups.every(({ memory: log }) => log.woken() > 0));
  });

  it("is shown, with whose budget is used up", async () => {
    const registry = new Registry();
    const metrics = deliveryMetrics(registry);
    const memory = deliveryMemory({ namespaceBytes: 20_000, metrics }).open("n");
    const { read, acknowledge, memory: log } = await groupOf(memory);
    expect(await registry.metrics()).toContain('prism_delivery_pauses_total{namespace="n",budget="proxy"} 0');
    expect(read(10)).toBe(2);
    expect(log.wants(0)).toBe(false);
    const text = await registry.metrics();
    expect(text).toContain('prism_delivery_buffered_bytes{namespace="n"} 22048');
    // Once, however often it asks.
    expect(text).toContain('prism_delivery_pauses_total{namespace="n",budget="namespace"} 1');
    acknowledge(2);
    expect(await registry.metrics()).toContain('prism_delivery_buffered_bytes{namespace="n"} 0');
    memory.close();
    expect(await registry.metrics()).not.toContain('namespace="n"');
  });
});
