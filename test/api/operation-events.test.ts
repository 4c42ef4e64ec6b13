import { describe, expect, it } from "vitest";
import { operationEvents } from "../../api/operation-events.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { activated, operation, ready, requested } from "../domain/namespace/examples.ts";
import * as a from "../domain/namespace/lives.ts";
import { closed, goingOn } from "./starters.ts";
import { happened } from "./stream.ts";

type Sent = { id: string; event: string; data: { state: string; steps: { name: string; state: string }[] } };

async function sent(
  past: readonly NamespaceEvent[],
  after = 0n,
  ...more: readonly NamespaceEvent[]
): Promise<Sent[]> {
  const store = memoryEventStore({ clock: () => new Date(0) });
  await happened(store, ...past);
  const row = { id: operation, namespace: "orders" } as never;
  const leaving = new AbortController();
  const feed = operationEvents(
    { store, starter: goingOn, checkAfter: async () => 0 },
    row,
    after,
    leaving.signal,
  );
  const messages: Sent[] = [];
  for await (const message of feed) {
    messages.push(message as Sent);
    // Where it has not ended they stay for a moment, and would hear what is sent twice.
    if (messages.length === past.length + more.length) setTimeout(() => leaving.abort(), 100);
    const next = more[messages.length - past.length];
    if (messages.length >= past.length && next !== undefined) await happened(store, next);
  }
  return messages;
}

describe("who watches an operation is sent", () => {
  it("every event of it from the beginning, with the steps that changed, and ends with it", async () => {
    const messages = await sent([...ready, activated]);
    expect(messages.map(({ id }) => Number(id))).toEqual(messages.map((_, index) => index + 1));
    expect(messages.at(0)?.data.steps).toMatchObject([{ name: "begin", state: "done" }]);
    expect(messages.at(-1)).toMatchObject({ event: "end", data: { state: "succeeded" } });
    expect(new Set(messages.slice(0, -1).map(({ event }) => event))).toEqual(new Set(["step"]));
  });

  it("what comes after the last event they had, and nothing twice", async () => {
    const all = await sent([...ready, activated]);
    expect(await sent([...ready, activated], 4n)).toEqual(all.slice(4));
    expect(await sent([...ready, activated], BigInt(all.length))).toEqual([]);
  });

  it("what happens while they watch", async () => {
    const messages = await sent([requested], 0n, a.stepFailed("probe"), a.cancelled);
    expect(messages.map(({ event }) => event)).toEqual(["step", "step", "state"]);
    expect(messages[1]?.data.steps).toMatchObject([{ name: "probe", state: "retrying" }]);
    expect(messages[2]?.data).toMatchObject({ state: "running", undoing: "cancelled", steps: [] });
  });

  it("nothing of another operation of the same name", async () => {
    const messages = await sent([...a.growing], 0n);
    expect(messages.at(-1)).toMatchObject({ event: "end", data: { state: "succeeded", kind: "create" } });
  });

  it("its end where it was refused before its first event", async () => {
    const failure = { code: "VERSION_CONFLICT", message: "at version 2", details: {} } as const;
    const row = { id: operation, namespace: "orders" } as never;
    const deps = { store: memoryEventStore(), starter: closed(failure), checkAfter: async () => 0 };
    const messages = [];
    for await (const each of operationEvents(deps, row, 0n, AbortSignal.timeout(10_000))) messages.push(each);
    expect(messages).toMatchObject([
      { event: "end", data: { state: "failed", error: failure, at: "2026-01-01T00:00:01.000Z" } },
    ]);
  });
});
