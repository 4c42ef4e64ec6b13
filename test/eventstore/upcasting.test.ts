import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../domain/event.ts";
import type { Upcaster } from "../../domain/upcasters.ts";
import { recordedHash } from "../../eventstore/hash-chain.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { upcasting } from "../../eventstore/upcasting.ts";

/** A shape that changed twice: a field was renamed, then the event got a better name. */
const steps: readonly Upcaster[] = [
  { type: "Made", schema: 1, upcast: ({ data }) => ({ type: "Made", data: { name: data["label"] } }) },
  { type: "Made", schema: 2, upcast: ({ data }) => ({ type: "Created", data: { ...data, size: 0 } }) },
];

const event = (type: string, schema: number, data: Record<string, string | number>) => ({
  type,
  data,
  id: randomUUID(),
  metadata: { actor: "user:a", operation: null, correlation: "c", causation: null, schema, incarnation: 0 },
});

async function stored() {
  const raw = memoryEventStore();
  await raw.append("s", [event("Made", 1, { label: "first" })], { expected: "noStream" });
  await raw.append(
    "s",
    [event("Made", 2, { name: "second" }), event("Created", 3, { name: "third", size: 7 })],
    { expected: 0n },
  );
  return upcasting(raw, steps);
}

async function all(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const read: RecordedEvent[] = [];
  for await (const each of events) read.push(each);
  return read;
}

const today = [
  { type: "Created", data: { name: "first", size: 0 } },
  { type: "Created", data: { name: "second", size: 0 } },
  { type: "Created", data: { name: "third", size: 7 } },
];

describe("events written in an older shape", () => {
  it("are read in today's, one step after the other, wherever they are read", async () => {
    const store = await stored();
    expect(await all(store.readStream("s"))).toMatchObject(today);
    expect(await all(store.readAll())).toMatchObject(today);
    const seen: RecordedEvent[] = [];
    const stop = new AbortController();
    for await (const item of store.subscribe({ signal: stop.signal })) {
      if (item.kind === "event") seen.push(item.event);
      if (item.kind === "caughtUp") stop.abort();
    }
    expect(seen).toMatchObject(today);
  });

  it("keep their place, their id and a hash that proves what was stored", async () => {
    const events = await all((await stored()).readStream("s"));
    let previous: string | null = null;
    for (const each of events) {
      expect(recordedHash(each, previous)).toBe(each.hash);
      previous = each.hash;
    }
    expect(events.map(({ revision, metadata }) => [revision, metadata.schema])).toEqual([
      [0n, 3],
      [1n, 3],
      [2n, 3],
    ]);
  });

  it("cost nothing where no shape ever changed", () => {
    const raw = memoryEventStore();
    expect(upcasting(raw, [])).toBe(raw);
  });
});
