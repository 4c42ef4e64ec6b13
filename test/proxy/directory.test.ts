import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PrismError } from "../../domain/errors.ts";
import {
  ChangeSchema,
  type Entry,
  type EntrySchema,
  SnapshotSchema,
} from "../../proto/gen/prism/control/v1/control_pb.js";
import { directory } from "../../proxy/directory.ts";

/** Refuses what begins with "new-". */
const started = () => {
  const did: string[] = [];
  const table = directory<Entry>({
    serve(entry, before) {
      if (entry.clientApi.startsWith("new-")) throw new PrismError("UNIMPLEMENTED", "this build lacks it");
      did.push(`${before === undefined ? "serve" : "change"} ${entry.namespace}`);
      return entry;
    },
    stop: ({ namespace }) => void did.push(`stop ${namespace}`),
  });
  return { table, did };
};

const entry = (namespace: string, directoryVersion: bigint, clientApi = "queue") => ({
  namespace,
  directoryVersion,
  clientApi,
});
const snapshot = (version: bigint, ...entries: MessageInitShape<typeof EntrySchema>[]) =>
  create(SnapshotSchema, { version, entries });
const change = (version: bigint, entries: ReturnType<typeof entry>[], removed: string[] = []) =>
  create(ChangeSchema, { version, entries, removed });

describe("the directory", () => {
  it("puts a snapshot in the place of all it had", () => {
    const { table, did } = started();
    table.replace(snapshot(2n, entry("a", 1n), entry("b", 2n)));
    table.replace(snapshot(4n, entry("b", 2n), entry("c", 4n)));
    expect(did).toEqual(["serve a", "serve b", "stop a", "serve c"]);
    expect([table.version, table.all().map(({ namespace }) => namespace)]).toEqual([4n, ["b", "c"]]);
  });

  it("takes another stale limit without another version: that is the platform's to say", () => {
    const { table, did } = started();
    table.replace(snapshot(2n, { ...entry("a", 1n), staleLimitMs: 900_000 }));
    table.replace(snapshot(2n, { ...entry("a", 1n), staleLimitMs: 60_000 }));
    expect(did).toEqual(["serve a", "change a"]);
    expect(table.get("a")?.staleLimitMs).toBe(60_000);
  });

  it("applies changes and removals", () => {
    const { table, did } = started();
    table.change(change(1n, [entry("a", 1n)]));
    table.change(change(2n, [entry("a", 2n)]));
    table.change(change(3n, [], ["a"]));
    expect(did).toEqual(["serve a", "change a", "stop a"]);
    expect(table.get("a")).toBeUndefined();
  });

  it("keeps what was in force where this build cannot serve what is new, and says so", () => {
    const { table } = started();
    table.change(change(1n, [entry("a", 1n)]));
    table.change(change(2n, [entry("a", 2n, "new-api"), entry("b", 2n, "new-api")]));
    expect(Object.fromEntries(table.refused)).toEqual({ a: "this build lacks it", b: "this build lacks it" });
    expect([table.get("a")?.directoryVersion, table.get("b")]).toEqual([1n, undefined]);
    table.change(change(3n, [entry("a", 3n)], ["b"]));
    expect(table.refused.size).toBe(0);
  });

  it("wakes whoever waits for a change, and lets them go in time", async () => {
    const { table } = started();
    const waiting = table.changed(10_000);
    table.change(change(1n, [entry("a", 1n)]));
    await waiting;
    await table.changed(1);
  });
});
