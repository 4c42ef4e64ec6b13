import { describe, expect, it } from "vitest";
import { judge, type Seen } from "./history.ts";

const published = (id: string, key: string, position: bigint): Seen => ({
  kind: "published",
  id,
  key,
  position,
});
const delivered = (id: string, key: string, position: bigint, group = "g"): Seen => ({
  kind: "delivered",
  group,
  id,
  key,
  position,
});
const confirmed = (id: string, group = "g"): Seen => ({ kind: "confirmed", group, id });

const sound: readonly Seen[] = [
  published("a", "k", 1n),
  published("b", "k", 2n),
  published("c", "l", 3n),
  delivered("a", "k", 1n),
  confirmed("a"),
  delivered("c", "l", 3n),
  delivered("b", "k", 2n),
  delivered("b", "k", 2n),
  confirmed("b"),
  confirmed("c"),
];
const nothing = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] };
const judged = (history: readonly Seen[], groups = ["g"], attempted: string[] = []) =>
  judge(history, groups, new Set(attempted));
const without = (index: number) => sound.filter((_, at) => at !== index);

describe("the judge of histories", () => {
  it("finds nothing in a sound one, where what is not confirmed comes again", () => {
    expect(judged(sound)).toEqual(nothing);
  });

  it("lets what nobody was answered for be there or not", () => {
    expect(judged([...sound, delivered("d", "k", 4n)], ["g"], ["d", "e"])).toEqual(nothing);
  });

  it.each([
    [
      "an acknowledged message that never comes",
      { lost: ["b"] },
      sound.filter((seen) => !("id" in seen && seen.id === "b" && seen.kind !== "published")),
    ],
    ["a message that comes and is never confirmed", { lost: ["c"] }, without(9)],
    [
      "a message that does not come again though it was refused",
      { lost: ["c"] },
      [...without(9), { kind: "refused", group: "g", id: "c" } as const],
    ],
    ["a message that comes after its confirmation", { doubled: ["a"] }, [...sound, delivered("a", "k", 1n)]],
    [
      "two of a key the wrong way round",
      { disordered: ["a"] },
      [
        published("a", "k", 1n),
        published("b", "k", 2n),
        delivered("b", "k", 2n),
        delivered("a", "k", 1n),
        confirmed("a"),
        confirmed("b"),
      ],
    ],
    ["a message nobody published", { invented: ["x"] }, [...sound, delivered("x", "m", 9n)]],
    [
      "a message at another place than was answered",
      { misplaced: ["c"] },
      sound.map((seen) => (seen.kind === "delivered" && seen.id === "c" ? delivered("c", "l", 7n) : seen)),
    ],
    [
      "a message under another key",
      { misplaced: ["c"] },
      sound.map((seen) => (seen.kind === "delivered" && seen.id === "c" ? delivered("c", "m", 3n) : seen)),
    ],
    [
      "two messages at one place",
      { misplaced: ["d"] },
      [...sound, published("d", "z", 3n), delivered("d", "z", 3n), confirmed("d")],
    ],
  ])("finds %s", (_, found, history) => {
    expect(judged(history)).toEqual({ ...nothing, ...found });
  });

  it("lets a message come again or not whose acknowledgement nobody answered", () => {
    const unknown = [...without(9), { kind: "unknown", group: "g", id: "c" } as const];
    expect(judged(unknown)).toEqual(nothing);
    expect(judged([...unknown, delivered("c", "l", 3n), confirmed("c")])).toEqual(nothing);
  });

  it("asks every group", () => {
    expect(judged(sound, ["g", "h"]).lost).toEqual(["a", "b", "c"]);
  });
});
