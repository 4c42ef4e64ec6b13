import { describe, expect, it, onTestFinished, vi } from "vitest";
import { anchoring, anchors } from "../../api/anchors.ts";
import type { Archive } from "../../api/archive.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { log } from "../../runtime/log.ts";
import { newEvents } from "../eventstore/conformance/subject.ts";
import { until } from "../setup/until.ts";

function memoryArchive() {
  const kept = new Map<string, Uint8Array>();
  const archive: Archive = {
    put: async (key, body) => kept.set(key, body),
    get: async (key) => kept.get(key),
    keys: async (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
  return { archive, kept };
}

const silent = log("api", "silent");
const add = (store: ReturnType<typeof memoryEventStore>, count: number) =>
  store.append("audit", newEvents(count), { expected: "any" });

describe("the log's anchors", () => {
  it("are kept one an object, read back in order, and by other processes too", async () => {
    const { archive, kept } = memoryArchive();
    const [ours, theirs] = [anchors(archive), anchors(archive)];
    expect(await ours.all()).toEqual([]);
    for (const position of ["9", "10", "1000"])
      await ours.add({ position, digest: "d", at: "2026-01-01T00:00:00Z" });
    expect((await theirs.all()).map(({ position }) => position)).toEqual(["9", "10", "1000"]);
    expect(kept.size).toBe(3);
  });

  it("are made once in the time that was said, by whichever of many processes", async () => {
    const { archive, kept } = memoryArchive();
    const store = memoryEventStore();
    await add(store, 3);
    const often = { store, log: silent, everyMs: 200 };
    const workers = [1, 2, 3].map(() => anchoring({ ...often, anchors: anchors(archive) }));
    await until(() => kept.size === 1);
    await add(store, 2);
    await until(() => kept.size === 2);
    await Promise.all(workers.map((worker) => worker.stop()));
    const made = await anchors(archive).all();
    expect(made.map(({ position }) => position)).toEqual(["3", "5"]);
  });

  it("are made by who begins anew when the next one is due, not before", async () => {
    const { archive, kept } = memoryArchive();
    const store = memoryEventStore();
    const hourMs = 3_600_000;
    const daily = () => anchoring({ store, log: silent, everyMs: 24 * hourMs, anchors: anchors(archive) });
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    for (const [hours, anchored] of [
      [1, 1],
      [22, 1],
      [2, 2],
    ] as const) {
      await add(store, 1);
      const worker = daily();
      await vi.advanceTimersByTimeAsync(hours * hourMs);
      await worker.stop();
      expect(kept.size).toBe(anchored);
    }
  });
});
