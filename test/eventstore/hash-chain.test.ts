import { expect, it } from "vitest";
import { canonicalJson } from "../../domain/json.ts";
import { sha256Hex } from "../../domain/sha256.ts";
import { recordedHash } from "../../eventstore/hash-chain.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { collect, newEvent, newEvents } from "./conformance/subject.ts";

it("the hash is the SHA-256 of the canonical JSON of the event and its predecessor's hash", async () => {
  const store = memoryEventStore({ clock: () => new Date("2026-11-21T10:00:00.123Z") });
  const { events } = await store.append("chain", newEvents(2), { expected: "noStream" });
  const [first, second] = events;
  if (!first || !second) return expect.fail("two events were stored");
  const link = (
    { id, type, data, metadata, stream }: typeof first,
    revision: string,
    previous: string | null,
  ) =>
    sha256Hex(
      canonicalJson({
        id,
        type,
        data,
        metadata,
        stream,
        revision,
        previous,
        recorded_at: "2026-11-21T10:00:00.123Z",
      }),
    );
  expect(first.hash).toBe(link(first, "0", null));
  expect(second.hash).toBe(link(second, "1", first.hash));
});

it("a change of anything an event says, or of what came before it, changes its hash", async () => {
  const store = memoryEventStore();
  await store.append("chain", [newEvent()], { expected: "noStream" });
  const [event] = await collect(store.readStream("chain"));
  if (!event) return expect.fail("an event was stored");
  const hash = recordedHash(event, null);
  expect(hash).toBe(event.hash);
  const changes = [
    { data: { what: "something else" } },
    { type: "Other" },
    { id: newEvent().id },
    { revision: 1n },
    { stream: "other" },
    { recordedAt: new Date(event.recordedAt.getTime() + 1) },
    { metadata: { ...event.metadata, actor: "user:mallory" } },
  ];
  for (const change of changes) expect(recordedHash({ ...event, ...change }, null)).not.toBe(hash);
  expect(recordedHash(event, hash)).not.toBe(hash);
});
