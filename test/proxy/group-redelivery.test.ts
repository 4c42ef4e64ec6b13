import { afterEach, describe, expect, it, vi } from "vitest";
import type { StoredRecord } from "../../backends/log.ts";
import type { DeadLetter, GroupOptions } from "../../proxy/group-contract.ts";
import type { Delivery } from "../../proxy/subscriber.ts";
import { flushed, fresh, never, started, stored, subscriber } from "./group-stage.ts";

/** Delivers one message to one consumer, whose deliveries fail as the test says. */
async function failing(more: Partial<GroupOptions> = {}) {
  const aside: { id: string; why: DeadLetter }[] = [];
  const deadLetter: GroupOptions["deadLetter"] = async ({ id }, why) => void aside.push({ id, why });
  const { memory, joined } = await started({ deadLetter, ...more });
  const one = subscriber();
  joined.attach(one.self);
  memory.assign(fresh(0));
  memory.deliver(0, [stored(0), stored(1)], 2n);
  return { memory, joined, one, aside };
}
afterEach(() => void vi.useRealTimers());
const attempts = (taken: readonly Delivery[]) => taken.map(({ message, attempt }) => [message.id, attempt]);

describe("a delivery that fails", () => {
  it("comes again at once, and after five times no more: it is put aside", async () => {
    const { memory, joined, one, aside } = await failing();
    for (let time = 1; time <= 5; time++) {
      const delivery = one.taken.findLast(({ message }) => message.id === "m0") ?? never();
      expect(delivery.attempt).toBe(time);
      expect(joined.reject(delivery.receipt, 0, "no such order")).toBe(true);
    }
    await expect.poll(() => aside).toEqual([{ id: "m0", why: { attempts: 5, reason: "no such order" } }]);
    expect(attempts(one.taken).filter(([id]) => id === "m0")).toHaveLength(5);
    joined.acknowledge(one.taken.find(({ message }) => message.id === "m1")?.receipt ?? never());
    await flushed(joined);
    expect(memory.committed.at(-1)).toEqual({ 0: 2n });
  });

  it("comes again only after its delay", async () => {
    const { joined, one } = await failing();
    joined.reject(one.taken[0]?.receipt ?? never(), 60, "later");
    expect(one.ids()).toEqual(["m0", "m1"]);
    await expect.poll(() => one.ids()).toEqual(["m0", "m1", "m0"]);
  });

  it("by being left unacknowledged comes again in time; more time can be had", async () => {
    vi.useFakeTimers();
    const { joined, one } = await failing({ deadlineMs: 400 });
    joined.acknowledge(one.taken[0]?.receipt ?? never());
    const held = one.taken[1]?.receipt ?? never();
    const extending = setInterval(() => joined.extend(held), 50);
    await vi.advanceTimersByTimeAsync(900);
    expect(one.ids()).toEqual(["m0", "m1"]);
    clearInterval(extending);
    await vi.advanceTimersByTimeAsync(550);
    expect(attempts(one.taken)).toEqual([
      ["m0", 1],
      ["m1", 1],
      ["m1", 2],
    ]);
    expect(joined.acknowledge(held)).toBe(false);
    await joined.close();
  });

  it("is none where it never reached its consumer, neither by time nor by its end", async () => {
    const { joined, one, aside } = await failing({ deadlineMs: 20 });
    await joined.detach(one.self);
    for (let time = 0; time < 5; time++) {
      const slow = subscriber(100, () => false);
      joined.attach(slow.self);
      // Taken back in time, and handed out anew.
      await expect.poll(() => slow.taken.length).toBeGreaterThan(5);
      await joined.detach(slow.self, true);
    }
    const next = subscriber();
    joined.attach(next.self);
    for (const { receipt } of next.taken) expect(joined.acknowledge(receipt)).toBe(true);
    expect([next.ids(), aside]).toEqual([["m0", "m1"], []]);
    await joined.close();
  });

  it("holds back what follows on its key, where order was asked for", async () => {
    const { joined, one } = await failing({ ordered: true });
    expect(one.ids()).toEqual(["m0"]);
    joined.reject(one.taken[0]?.receipt ?? never(), 40, "not yet");
    await expect.poll(() => one.ids()).toEqual(["m0", "m0"]);
    joined.acknowledge(one.taken[1]?.receipt ?? never());
    expect(one.ids()).toEqual(["m0", "m0", "m1"]);
  });

  it("counts where a consumer vanishes, not where it leaves", async () => {
    const { joined, one, aside } = await failing();
    await joined.detach(one.self);
    for (let time = 0; time < 5; time++) {
      const next = subscriber();
      joined.attach(next.self);
      expect(next.ids()).toEqual(["m0", "m1"]);
      await joined.detach(next.self, true);
    }
    await expect.poll(() => aside.map(({ id }) => id)).toEqual(["m0", "m1"]);
  });

  it("is remembered by whoever goes on: attempts, and what was done out of order", async () => {
    const { memory, joined, one } = await failing();
    joined.acknowledge(one.taken[1]?.receipt ?? never());
    joined.reject(one.taken[0]?.receipt ?? never(), 0, "");
    joined.reject(one.taken.at(-1)?.receipt ?? never(), 0, "");
    await flushed(joined);
    const next = await started();
    const two = subscriber();
    next.joined.attach(two.self);
    next.memory.assign({ partition: 0, position: 0n, note: memory.notes[0] ?? "", retained: false });
    next.memory.deliver(0, [stored(0), stored(1), stored(2)], 3n);
    expect(attempts(two.taken)).toEqual([
      ["m0", 3],
      ["m2", 1],
    ]);
  });

  it("is put aside as soon as that is possible", async () => {
    let tries = 0;
    const deadLetter = async () => {
      if (tries++ === 0) throw new Error("the backend is away");
    };
    const { memory, joined, one } = await failing({ deadLetter });
    for (let time = 0; time < 5; time++) {
      joined.reject(one.taken.findLast(({ message }) => message.id === "m0")?.receipt ?? never(), 0, "");
    }
    await expect.poll(() => tries).toBe(2);
    await flushed(joined);
    expect(memory.committed.at(-1)).toEqual({ 0: 1n });
  });
});

/** Records as a relay writes them: with their position in the log. */
const relayed = (at: number, position: number): StoredRecord => {
  const record = stored(at);
  return { ...record, headers: new Map([...record.headers, ["prism-position", String(position)]]) };
};

describe("what the relay has sent twice", () => {
  it("is delivered once, also by whoever goes on", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(0, [relayed(0, 1), relayed(1, 4), relayed(2, 1), relayed(3, 4), relayed(4, 6)], 5n);
    expect(one.ids()).toEqual(["m0", "m1", "m4"]);
    joined.acknowledge(one.taken[0]?.receipt ?? never());
    await flushed(joined);
    const next = await started();
    const two = subscriber();
    next.joined.attach(two.self);
    next.memory.assign({ partition: 0, position: 1n, note: memory.notes[0] ?? "", retained: false });
    next.memory.deliver(0, [relayed(1, 4), relayed(2, 1), relayed(3, 4), relayed(4, 6), relayed(5, 4)], 6n);
    expect(two.ids()).toEqual(["m1", "m4"]);
  });
});
