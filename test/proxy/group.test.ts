import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { flushed, fresh, kept, never, started, stored, subscriber } from "./group-stage.ts";

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

  it("delivers nothing when it has slept for so long that another may have its partitions", async () => {
    const { memory, joined } = await started();
    const one = subscriber(1);
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(0, [stored(0), stored(1)], 2n);
    memory.sleeps(true);
    joined.acknowledge(one.taken[0]?.receipt ?? never());
    await pause(300);
    expect(one.ids()).toEqual(["m0"]);
    memory.sleeps(false);
    await expect.poll(one.ids).toEqual(["m0", "m1"]);
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

  it("keeps others going while it cannot note all that is acknowledged, and confirms it once it can", async () => {
    const { memory, joined } = await started();
    const one = subscriber(10_000);
    joined.attach(one.self);
    memory.assign(fresh(0));
    memory.deliver(
      0,
      Array.from({ length: 8_000 }, (_, at) => stored(at)),
      8_000n,
    );
    const receipts = one.taken.map(({ receipt }) => receipt);
    let confirmed = 0;
    const confirming = receipts
      .filter((_, at) => at % 2 === 1)
      .map((receipt) => joined.confirm(receipt).then((taken) => (confirmed += Number(taken))));
    await pause(100);
    expect(confirmed).toBeGreaterThan(500);
    expect(confirmed).toBeLessThan(4_000);
    for (const [at, receipt] of receipts.entries()) if (at % 2 === 0) joined.acknowledge(receipt);
    await Promise.all(confirming);
    expect(confirmed).toBe(4_000);
  });

  it("never lets go of what is confirmed, whatever else is acknowledged or fails after it", async () => {
    const { memory, joined } = await started();
    const one = subscriber(10_000);
    joined.attach(one.self);
    memory.assign(fresh(0));
    const all = Array.from({ length: 6_000 }, (_, at) => stored(at));
    memory.deliver(0, all, 6_000n);
    const confirmed: string[] = [];
    // The last ones first, with gaps, each call while others wait.
    const confirming = [...one.taken].reverse().flatMap(({ message, receipt }, at) => {
      if (at % 2 === 0) return [];
      const confirm = async () => {
        await pause(Math.floor(at / 500) * 10);
        if (await joined.confirm(receipt)) confirmed.push(message.id);
      };
      return [confirm().catch(() => {})];
    });
    for (const { receipt } of one.taken.slice(0, 600)) joined.reject(receipt, 60_000, "it cannot be done");
    await pause(600);
    expect(confirmed.length).toBeGreaterThan(300);
    await flushed(joined);
    // Now the proxy dies: another one goes on from what is committed.
    const next = await started();
    const two = subscriber(10_000);
    next.joined.attach(two.self);
    const position = memory.committed.at(-1)?.[0] ?? never();
    next.memory.assign({ partition: 0, position, note: memory.notes[0] ?? "", retained: false });
    next.memory.deliver(0, all.slice(Number(position)), 6_000n);
    const again = new Set(two.ids());
    expect(confirmed.filter((id) => again.has(id))).toEqual([]);
    await joined.close();
    await Promise.all(confirming);
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
