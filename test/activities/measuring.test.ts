import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { measureAll } from "../../activities/measuring.ts";
import type { Recorder } from "../../activities/recorder.ts";
import type { Backend } from "../../backends/backend.ts";
import type { DataSizes } from "../../control/data-sizes.ts";
import { resourceKey } from "../../domain/namespace/resources.ts";
import type { BackendKind, Resource } from "../../domain/plan.ts";
import { log } from "../../runtime/log.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { memoryBackend } from "../workflows/memory-backend.ts";
import { memoryDataSizes } from "../workflows/memory-data-sizes.ts";
import { lived } from "./lived.ts";

const mb = 1_000_000;
const shown = { state: "ready" } as const;
const everything = [a.topic, a.table].map((resource) => ({ namespace: "orders", resource, shown }));

/** A namespace that reserves 1GB, in use, with its topic and its table. */
async function fleetOf(
  history: Recorder,
  more: { dataSizes?: DataSizes; backends?: readonly Backend[] } = {},
) {
  const [kafka, postgres] = [memoryBackend("kafka"), memoryBackend("postgres")];
  const { dataSizes = memoryDataSizes(), backends = [kafka, postgres] } = more;
  const deps = {
    recorder: history,
    dataSizes,
    log: log("worker", "silent"),
    backends: new Map<BackendKind, Backend>(backends.map((backend) => [backend.kind, backend])),
  };
  const state = async () => (await history.read("orders")).state;
  return {
    kafka,
    postgres,
    async sweep(looked: typeof everything | [] = everything, patience?: AbortSignal) {
      const fleet = { namespaces: new Map([["orders", await state()]]), teams: new Map(), made: new Map() };
      const by = { namespace: "*", operation: randomUUID(), actor: "prism" };
      const { signal } = new AbortController();
      await measureAll(deps, { fleet, looked, by, signal }, patience);
    },
    size: async () => (await dataSizes.of(["orders"]))[0],
    said: async () =>
      (await history.read("orders")).events.flatMap(({ type, data }) =>
        type.startsWith("DataAlarm") ? [[type, (data as { data_bytes: number }).data_bytes]] : [],
      ),
  };
}
const inUse = () => lived({ operation: a.operation, events: l.active });

describe("what a sweep measures", () => {
  it("is what a namespace keeps in all backends together, said where it crosses 80 % of what it reserves", async () => {
    const { kafka, postgres, sweep, size, said } = await fleetOf(await inUse());
    kafka.fill(a.topic.name, 500 * mb);
    await sweep();
    expect(await size()).toMatchObject({ dataBytes: 500 * mb, dataSizeBytes: 1_000 * mb, incarnation: 1 });
    expect(await said()).toEqual([]);
    postgres.fill(a.table.name, 300 * mb);
    for (const _ of [1, 2]) await sweep();
    expect(await said()).toEqual([["DataAlarmRaised", 800 * mb]]);
    postgres.fill(a.table.name, 260 * mb);
    await sweep();
    expect(await said()).toHaveLength(1);
    postgres.fill(a.table.name, 0);
    for (const _ of [1, 2]) await sweep();
    expect((await said()).slice(1)).toEqual([["DataAlarmCleared", 500 * mb]]);
  });

  it("stands where a backend is away, or was not looked at, and is as old as it says", async () => {
    const { kafka, postgres, sweep, size, said } = await fleetOf(await inUse());
    kafka.fill(a.topic.name, 600 * mb);
    postgres.fill(a.table.name, 100 * mb);
    await sweep();
    const before = await size();
    kafka.away = true;
    kafka.fill(a.topic.name, 0);
    postgres.fill(a.table.name, 200 * mb);
    await sweep();
    const after = await size();
    expect(after?.dataBytes).toBe(800 * mb);
    const topic = resourceKey(a.topic);
    expect(after?.resources[topic]).toEqual(before?.resources[topic]);
    expect(await said()).toEqual([["DataAlarmRaised", 800 * mb]]);
    await sweep([]);
    expect(await size()).toEqual(after);
  });

  it("begins with what was never measured, and then with what was longest ago", async () => {
    const asked: string[] = [];
    const asking = (backend: Backend): Backend => ({
      ...backend,
      async measure({ name }) {
        asked.push(name);
        return { bytes: 1, estimated: false };
      },
    });
    const backends = [memoryBackend("kafka"), memoryBackend("postgres")].map(asking);
    const { sweep } = await fleetOf(await inUse(), { backends });
    await sweep(everything.slice(0, 1));
    await sweep(everything);
    expect(asked).toEqual([a.topic.name, a.table.name, a.topic.name]);
  });

  it("is asked for no longer than its patience", async () => {
    const asked: string[] = [];
    const hanging: Backend = {
      ...memoryBackend("kafka"),
      measure: (resource: Resource, { signal }) => {
        asked.push(resource.name);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    };
    const { sweep, size, said } = await fleetOf(await inUse(), { backends: [hanging] });
    await sweep(everything.slice(0, 1), AbortSignal.timeout(20));
    expect(asked).toEqual([a.topic.name]);
    expect(await size()).toBeUndefined();
    expect(await said()).toEqual([]);
  });

  it("fails no sweep, whatever breaks", async () => {
    const broken = { all: () => Promise.reject(new Error("the control database is away")) };
    const { sweep, said } = await fleetOf(await inUse(), { dataSizes: broken as unknown as DataSizes });
    await sweep();
    expect(await said()).toEqual([]);
  });

  it("counts nothing of an earlier life of the name, and is forgotten with what is no longer in use", async () => {
    const dataSizes = memoryDataSizes();
    const first = await fleetOf(await inUse(), { dataSizes });
    first.kafka.fill(a.topic.name, 900 * mb);
    await first.sweep();
    const again = { operation: a.another, events: [a.requested, ...l.active.slice(1)], incarnation: 2 };
    const second = await fleetOf(await lived({ operation: a.operation, events: l.gone }, again), {
      dataSizes,
    });
    await second.sweep([]);
    expect(await second.size()).toBeUndefined();
    await first.sweep();
    expect(await first.size()).toMatchObject({ dataBytes: 900 * mb });
    const gone = await fleetOf(await lived({ operation: a.operation, events: l.gone }), { dataSizes });
    await gone.sweep([]);
    expect(await gone.size()).toBeUndefined();
  });
});
