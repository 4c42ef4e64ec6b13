import { describe, expect, it } from "vitest";
import type { Occasion } from "../../activities/occasion.ts";
import { claim, place } from "../../activities/place.ts";
import type { Recorder } from "../../activities/recorder.ts";
import { shards as shardsIn } from "../../control/shards.ts";
import { absent, type Namespace } from "../../domain/namespace/namespace.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { another, request } from "../domain/namespace/examples.ts";

const occasion = (namespace: string): Occasion => ({
  namespace,
  operation: crypto.randomUUID(),
  actor: "user:alice",
});

/** A dedicated shard that `former` has left for `elsewhere`; what happens while somebody looks where that is. */
async function world() {
  const shards = shardsIn(memoryEventStore(), { home: "elsewhere" });
  const own = { actor: "user:root", shard: "own" };
  await shards.decide({ ...own, operation: another, command: { type: "DefineShard", dedicated: true } });
  const large = { ...request, needs: { ...request.needs, write_rps: 150_000 } };
  const lives = new Map<string, Namespace>();
  const live = (name: string, more: Partial<Namespace>) =>
    lives.set(name, { ...absent, status: "active", incarnation: 1, request: large, ...more });
  let meanwhile = async () => {};
  const recorder = {
    async read(name: string) {
      const state = lives.get(name) ?? absent;
      const happens = meanwhile;
      meanwhile = async () => {};
      await happens();
      return { state };
    },
  } as unknown as Pick<Recorder, "read">;
  const placing = { shards, recorder };
  const placed = (name: string) =>
    place(placing, live(name, { shard: undefined }).get(name) ?? absent, occasion(name));
  await placed("former");
  live("former", { shard: "elsewhere" });
  return {
    placed,
    live,
    /** A move of `former` back, as far as it concerns the shard. */
    async movedBack(by = occasion("former")) {
      live("former", { shard: "elsewhere", beside: "own" });
      await claim(placing, lives.get("former") ?? absent, by);
    },
    whileSomebodyLooks: (happens: () => Promise<void>) => {
      meanwhile = happens;
    },
    holder: async () => (await shards.all()).find(({ shard }) => shard === "own")?.holder?.namespace,
  };
}

describe("a dedicated shard", () => {
  it("is free when the one it was given to has left it", async () => {
    const { placed, holder } = await world();
    expect([await placed("next"), await holder()]).toEqual(["own", "next"]);
  });

  it("is not given away while the one it was given to comes back", async () => {
    const { placed, movedBack, whileSomebodyLooks, holder } = await world();
    whileSomebodyLooks(movedBack);
    await expect(placed("next")).rejects.toThrow("none is free");
    expect(await holder()).toBe("former");
  });

  it("is taken by one that comes back again and again in one operation", async () => {
    const { movedBack, holder } = await world();
    const by = occasion("former");
    await movedBack(by);
    await movedBack(by);
    expect(await holder()).toBe("former");
  });

  it("is not got back once it was given to somebody who is being placed there", async () => {
    const { placed, movedBack } = await world();
    await placed("next");
    await expect(movedBack()).rejects.toThrow("another namespace's");
  });
});
