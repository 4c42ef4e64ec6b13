import { describe, expect, it } from "vitest";
import { asking } from "../../backends/ask.ts";
import { bounded, type Timed } from "../../backends/timed.ts";

const never = new AbortController().signal;
const ask = asking("Kafka");
const call = { owner: { namespace: "orders", incarnation: 1 }, claim: { intended: true }, signal: never };
const topic = { backend: "kafka", kind: "topic", name: "orders-queue", config: {} } as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A backend whose verbs all do the same. */
const doing = (deadlineMs: number, body: (timed: Timed) => Promise<unknown>) =>
  bounded("Kafka", deadlineMs, {
    kind: "kafka",
    observe: async (_, { timed }) => body(timed).then(() => ({ state: "absent" })),
    ensure: async (_, { timed }) => body(timed).then(() => ({ identity: "x" })),
    remove: async (_, { timed }) => body(timed).then(() => ({ removed: true })),
    list: async (timed) => body(timed).then(() => []),
    health: async (timed) => void (await body(timed)),
    close: async () => {},
  });

/** What the whole process does while it is stopped: nothing, also no timers. */
const stopped = (ms: number) => {
  for (const until = performance.now() + ms; performance.now() < until; );
};

describe("the time a backend has", () => {
  it("ends, and says who did not answer what", async () => {
    const hanging = doing(30, () => new Promise(() => {}));
    await expect(hanging.ensure(topic, call)).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: "Kafka did not make topic orders-queue within 30 ms",
    });
    await expect(hanging.health(never)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });

  it("is over for a process that was stopped and wakes up in an answer", async () => {
    let asked = 0;
    const question = async () => {
      asked++;
      stopped(60);
    };
    const backend = doing(30, async (timed) => {
      await ask("answer once", timed, question);
      await ask("answer twice", timed, question);
    });
    await expect(backend.ensure(topic, call)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await pause(20);
    expect(asked).toBe(1);
  });

  it("asks nothing further once it was cut off", async () => {
    let asked = 0;
    const backend = doing(30, async (timed) => {
      for (;;) await ask("answer", timed, () => pause(20).then(() => asked++));
    });
    await expect(backend.ensure(topic, call)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    const then = asked;
    await pause(60);
    expect(asked).toBeLessThanOrEqual(then + 1);
  });

  it("begins anew with each answer while something is removed, and only then", async () => {
    const inPages = doing(60, async (timed) => {
      for (let page = 0; page < 5; page++) await ask("answer", timed, () => pause(25));
    });
    expect(await inPages.remove(topic, call)).toEqual({ removed: true });
    await expect(inPages.ensure(topic, call)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });

  it("is the caller's to end, with the caller's reason", async () => {
    const caller = new AbortController();
    const ensuring = doing(5_000, () => new Promise(() => {})).ensure(topic, {
      ...call,
      signal: caller.signal,
    });
    const cancelled = new Error("cancelled");
    caller.abort(cancelled);
    await expect(ensuring).rejects.toBe(cancelled);
    await expect(doing(5_000, async () => {}).ensure(topic, { ...call, signal: caller.signal })).rejects.toBe(
      cancelled,
    );
  });
});
