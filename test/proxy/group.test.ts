import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../../backends/log.ts";
import { group } from "../../proxy/group.ts";
import type { DeadLetter, Group, GroupOptions } from "../../proxy/group-contract.ts";
import { recordOf } from "../../proxy/record.ts";
import type { Delivery, Subscriber } from "../../proxy/subscriber.ts";
import { memoryLog } from "./memory-log.ts";

const stored = (at: number, topic = "t"): StoredRecord => ({
  ...recordOf(
    {
      id: `m${at}`,
      topic,
      key: "",
      payload: new Uint8Array(),
      metadata: {},
      publishedAtMs: 0,
      headers: {},
      once: false,
    },
    false,
  ),
  offset: BigInt(at),
});
const fresh = (partition: number, position = 0n) => ({ partition, position, note: "", retained: false });
const kept = (partition: number) => ({ partition, position: 0n, note: "", retained: true });

/** Takes up to `credit`. */
function subscriber(credit = 100) {
  const taken: Delivery[] = [];
  const ended: Error[] = [];
  let underWay = 0;
  const self: Subscriber = {
    ready: () => underWay < credit,
    take(delivery) {
      underWay++;
      taken.push(delivery);
    },
    released() {
      underWay--;
    },
    end: (error) => void ended.push(error),
  };
  return { self, taken, ended, ids: () => taken.map(({ message }) => message.id), underWay: () => underWay };
}

async function started(more: Partial<GroupOptions> = {}) {
  const memory = memoryLog();
  const joined = group({
    backend: memory.log,
    name: "g",
    proxy: "p",
    topic: "t",
    start: "earliest",
    ordered: false,
    troubled: () => {},
    ...more,
  });
  await joined.ready;
  return { memory, joined };
}

/** Whoever leaves has everything committed first. */
const flushed = (joined: Group) => joined.detach(subscriber().self);

describe("a group on one proxy", () => {
  it("delivers nothing while its partitions move", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0));
    await memory.revoke();
    memory.deliver(0, [stored(0)], 1n);
    expect(one.ids()).toEqual([]);
    memory.assign(kept(0));
    expect(one.ids()).toEqual(["m0"]);
  });

  it("goes on with what it kept, and forgets what it lost: nothing of that is committed", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0), fresh(1));
    memory.deliver(0, [stored(0)], 1n);
    memory.deliver(1, [stored(5)], 6n);
    await memory.revoke();
    memory.assign(kept(1));
    expect(one.underWay()).toBe(1);
    const [lost, held] = one.taken;
    if (lost === undefined || held === undefined) throw new Error("two were delivered");
    expect(joined.acknowledge(lost.receipt)).toBe(false);
    expect(joined.acknowledge(held.receipt)).toBe(true);
    await flushed(joined);
    // The first: what lies before the first record needs no acknowledgement.
    expect(memory.committed).toEqual([{ 1: 5n }, { 1: 6n }]);
  });

  it("begins anew with a partition that went and came back", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(0, [stored(0)], 1n);
    memory.assign(fresh(0, 0n));
    memory.deliver(0, [stored(0)], 1n);
    expect(one.ids()).toEqual(["m0", "m0"]);
    expect(one.underWay()).toBe(1);
  });

  it("commits no further than the first message that is not acknowledged", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(0, [stored(0), stored(1), stored(2), stored(3)], 4n);
    for (const at of [0, 2, 3]) joined.acknowledge(one.taken[at]?.receipt ?? never());
    await flushed(joined);
    joined.acknowledge(one.taken[1]?.receipt ?? never());
    await flushed(joined);
    expect(memory.committed).toEqual([{ 0: 1n }, { 0: 4n }]);
  });

  it("confirms what is committed, and not what has moved before it could be", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(0, [stored(0), stored(1), stored(2)], 3n);
    const [first, second, third] = one.taken.map(({ receipt }) => receipt);
    expect(await joined.confirm(second ?? never())).toBe(true);
    expect(await joined.confirm(first ?? never())).toBe(true);
    expect(await joined.confirm(first ?? never())).toBe(true);
    memory.refuseCommits();
    const confirming = joined.confirm(third ?? never());
    memory.assign();
    expect(await confirming).toBe(false);
  });

  it("passes by what is of other topics, and commits past it", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(0, [stored(0, "other"), stored(1, "prism-probe")], 2n);
    expect(one.ids()).toEqual([]);
    await flushed(joined);
    expect(memory.committed).toEqual([{ 0: 2n }]);
  });

  it("takes in no more than may wait, and more again when half of it is gone", async () => {
    const { memory, joined } = await started();
    memory.assign(fresh(0));
    const many = Array.from({ length: 600 }, (_, at) => stored(at));
    memory.deliver(0, many, 600n);
    expect(memory.wants(0)).toBe(false);
    const one = subscriber(300);
    joined.attach(one.self);
    expect(memory.wants(0)).toBe(false);
    for (const { receipt } of [...one.taken].slice(0, 60)) joined.acknowledge(receipt);
    expect(memory.wants(0)).toBe(true);
  });

  it("gives what one leaves unacknowledged to the others, in its order", async () => {
    const { memory, joined } = await started();
    const [one, two] = [subscriber(3), subscriber(0)];
    joined.attach(one.self);
    joined.attach(two.self);
    memory.assign(fresh(0));
    memory.deliver(0, [stored(0), stored(1), stored(2), stored(3)], 4n);
    joined.acknowledge(one.taken[1]?.receipt ?? never());
    expect(one.ids()).toEqual(["m0", "m1", "m2", "m3"]);
    const three = subscriber();
    joined.attach(three.self);
    await joined.detach(one.self);
    expect(three.taken.map(({ message, attempt }) => [message.id, attempt])).toEqual([
      ["m0", 2],
      ["m2", 2],
      ["m3", 2],
    ]);
    // The first delivery is over: only the second counts.
    expect(joined.acknowledge(one.taken[0]?.receipt ?? never())).toBe(false);
  });

  it("tells everybody when it has ended", async () => {
    const { memory, joined } = await started();
    const one = subscriber();
    joined.attach(one.self);
    memory.fail(new Error("fenced"));
    expect(one.ended.map(({ message }) => message)).toEqual(["fenced"]);
  });
});

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
    const { joined, one } = await failing({ deadlineMs: 400 });
    joined.acknowledge(one.taken[0]?.receipt ?? never());
    const held = one.taken[1]?.receipt ?? never();
    const extending = setInterval(() => joined.extend(held), 50);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(one.ids()).toEqual(["m0", "m1"]);
    clearInterval(extending);
    await expect.poll(() => attempts(one.taken).at(-1)).toEqual(["m1", 2]);
    expect(joined.acknowledge(held)).toBe(false);
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
    await expect.poll(() => tries, { timeout: 3_000 }).toBe(2);
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

function never(): never {
  throw new Error("it was not delivered");
}
