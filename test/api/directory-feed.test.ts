import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type DirectoryChange, directoryFeed } from "../../api/directory-feed.ts";
import type { RecordedEvent } from "../../domain/event.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import { servingIn } from "../../domain/projections/serving.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import type { ProjectionReader } from "../../eventstore/runner/reader.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { until } from "../setup/until.ts";
import { happened } from "./stream.ts";

let ending: AbortController;
afterEach(() => ending.abort());

/** The feed over a projection that has always folded all there is, also what came after the event that is told. */
async function stage() {
  ending = new AbortController();
  const store = memoryEventStore();
  const trouble = { failures: 0, held: Promise.resolve() };
  const rowNow = async (): Promise<NamespaceRow | undefined> => {
    let row: NamespaceRow | undefined;
    for await (const event of store.readAll())
      row = namespaces.apply(row, event as RecordedEvent<NamespaceEvent>);
    return row;
  };
  const reader = {
    waitFor: async () => true,
    async get() {
      await trouble.held;
      if (trouble.failures-- > 0) throw new Error("the control database did not answer");
      return rowNow();
    },
    async *scan({ where }: { where: { shard?: string; beside_shard?: string } }) {
      const row = await rowNow();
      const isThere = (row?.shard ?? "") === where.shard || (row?.beside_shard ?? "") === where.beside_shard;
      if (row !== undefined && isThere) yield { key: row.namespace, row, position: 0n };
    },
  };
  const feed = directoryFeed(store, reader as unknown as ProjectionReader<NamespaceRow>);
  void feed.run(ending.signal).catch(() => {});
  await pause(0);
  /** What a shard's proxies are told, and what they may do with the namespace from then on. */
  const told = (shard: string): unknown[] => {
    const heard: unknown[] = [];
    feed.listen(shard, ({ version, row }: DirectoryChange) =>
      heard.push(`${version} ${servingIn(row, shard)}`),
    );
    return heard;
  };
  return { store, feed, trouble, told, version: (shard: string) => feed.version(shard, ending.signal) };
}

const serving = [...l.active, l.moveRequested, l.targetOpened];
const at = (events: readonly NamespaceEvent[], event: NamespaceEvent): number => events.indexOf(event) + 1;

describe("the directory feed", () => {
  it("tells a shard that it serves a namespace no longer, also when the move is over by then", async () => {
    const { store, told, version } = await stage();
    await happened(store, ...serving);
    const target = told("shard-2");
    const source = told("shard-1");
    await version("shard-1");
    target.length = 0;
    source.length = 0;
    const undone = [l.targetClosed, l.moveFailed()];
    await happened(store, ...undone);
    await until(() => target.length > 0);
    expect(target).toEqual([`${at([...serving, ...undone], l.targetClosed)} none`]);

    const before = [...serving, ...undone];
    const again = [l.moveRequested, l.targetOpened, a.registered, a.probed, l.moved];
    await happened(store, ...again);
    await version("shard-1");
    source.length = 0;
    const done = [l.sourceClosed, l.sourceDrained, l.moveCompleted];
    await happened(store, ...done);
    await until(() => source.length > 1);
    const first = before.length + again.length + 1;
    expect(source).toEqual([`${first} none`, `${first + 1} none`]);
  });

  it("tells a shard of a namespace's end, also when another has the name by then", async () => {
    const { store, told, version } = await stage();
    await happened(store, ...l.gone.slice(0, l.gone.indexOf(l.unregistered)));
    await version("shard-1");
    const heard = told("shard-1");
    await happened(store, l.unregistered, l.deleted, a.requested);
    await until(() => heard.length > 0);
    expect(heard[0]).toBe(`${at(l.gone, l.unregistered)} none`);
  });

  it("says what is in force only when it has told it all", async () => {
    const { store, trouble, told, version } = await stage();
    await happened(store, ...serving);
    await version("shard-2");
    const heard = told("shard-2");
    const held = Promise.withResolvers<void>();
    trouble.held = held.promise;
    await happened(store, l.targetClosed, l.moveFailed());
    const asked = version("shard-2").then(() => [...heard]);
    await pause(50);
    held.resolve();
    expect(await asked).toEqual([`${at([...serving, l.targetClosed], l.targetClosed)} none`]);
  });

  it("goes on when the control database has not answered", async () => {
    const { store, trouble, told, version } = await stage();
    await happened(store, ...l.active);
    await version("shard-1");
    const heard = told("shard-1");
    trouble.failures = 2;
    await happened(store, l.deletionRequested);
    await until(() => heard.length > 0);
    expect(heard).toEqual([`${l.active.length + 1} draining`]);
  });
});
