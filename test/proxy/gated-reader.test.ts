import { describe, expect, it } from "vitest";
import type { LogReader, StoredRecord } from "../../backends/log.ts";
import type { Layout } from "../../backends/write-ahead-log/layouts.ts";
import { gated } from "../../proxy/gated-reader.ts";
import { until } from "../setup/until.ts";

const begin: Layout = { after: -1n, partitions: 2, ends: [] };
const grown: Layout = { after: 10n, partitions: 4, ends: [5n, 5n] };

const record = (offset: bigint, position: bigint): StoredRecord => ({
  offset,
  key: undefined,
  value: new Uint8Array(),
  headers: new Map([["prism-position", String(position)]]),
  timestampMs: 0,
});

/** A group whose partitions are all assigned, and what reaches it. */
function group(first: readonly Layout[]) {
  let layouts = first;
  let standing = [0n, 0n];
  const got: string[] = [];
  const come = new Map<number, bigint>();
  let asked = 0;
  const reader: LogReader = {
    revoking: async () => {},
    assigned: () => {},
    records(partition, records, next) {
      come.set(partition, next);
      if (records.length > 0) got.push(`${partition}: ${records.map(({ offset }) => offset).join(",")}`);
    },
    wants: () => true,
    troubled: () => {},
    failed: () => {},
  };
  const gate = gated(reader, {
    layouts: async () => {
      asked++;
      return layouts;
    },
    member: () => ({
      commit: async () => true,
      standing: async () => standing,
      stands: () => true,
      wake: () => {},
      close: async () => {},
    }),
  });
  const assign = (retained = false) =>
    gate.assigned([0, 1, 2, 3].map((partition) => ({ partition, position: 0n, note: "", retained })));
  assign();
  return {
    gate,
    got,
    /** How far each partition is said to be read. */
    come,
    assign,
    asked: () => asked,
    reaches: (...done: bigint[]) => {
      standing = done;
    },
    grows: (...more: Layout[]) => {
      layouts = [...layouts, ...more];
    },
    releases: () => {
      layouts = [begin];
    },
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 250));

describe("a group that reads a log that has grown", () => {
  it("gets everything where it never has", async () => {
    const { gate, got } = group([begin]);
    gate.records(0, [record(0n, 1n), record(1n, 99n)], 2n);
    await until(() => got.length > 0);
    gate.records(0, [record(2n, 100n)], 3n);
    expect(got).toEqual(["0: 0,1", "0: 2"]);
  });

  it("gets what lies behind the growth only when all before it is done, in every partition", async () => {
    const { gate, got, come, reaches } = group([begin, grown]);
    gate.records(0, [record(4n, 9n), record(5n, 11n)], 6n);
    gate.records(3, [record(0n, 12n)], 1n);
    await until(() => got.length > 0);
    reaches(5n, 4n);
    await settle();
    expect(got).toEqual(["0: 4"]);
    // Up to the first that waits, so that what comes before it can be committed.
    expect([...come]).toEqual([
      [0, 5n],
      [3, 0n],
    ]);
    expect(gate.wants(3)).toBe(false);
    reaches(5n, 5n);
    await until(() => got.length >= 3);
    expect(got.slice(1)).toEqual(["0: 5", "3: 0"]);
    expect(gate.wants(3)).toBe(true);
  });

  it("keeps the order of a partition while it waits", async () => {
    const { gate, got, reaches } = group([begin, grown]);
    gate.records(3, [record(0n, 12n)], 1n);
    gate.records(3, [record(1n, 13n)], 2n);
    await settle();
    gate.records(3, [record(2n, 14n)], 3n);
    reaches(5n, 5n);
    await until(() => got.length > 0);
    expect(got).toEqual(["3: 0,1,2"]);
  });

  it("waits where the growth is not over yet, and goes on where it is given up", async () => {
    const { gate, got, reaches, releases } = group([begin, { after: 10n, partitions: undefined, ends: [] }]);
    reaches(5n, 5n);
    gate.records(0, [record(5n, 11n)], 6n);
    await settle();
    expect(got).toEqual([]);
    releases();
    await until(() => got.length > 0);
    expect(got).toEqual(["0: 5"]);
  });

  it("looks again with every share, and forgets what it held of partitions that are another's now", async () => {
    const { gate, got, assign, asked, grows, reaches } = group([begin]);
    gate.records(0, [record(0n, 1n)], 1n);
    await until(() => got.length > 0);
    expect(asked()).toBe(1);
    grows(grown);
    assign(true);
    gate.records(2, [record(0n, 12n)], 1n);
    await settle();
    assign();
    reaches(5n, 5n);
    gate.records(2, [record(0n, 12n)], 1n);
    await until(() => got.length > 1);
    await settle();
    expect(got).toEqual(["0: 0", "2: 0"]);
  });
});
