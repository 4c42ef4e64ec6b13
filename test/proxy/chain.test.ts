import { describe, expect, it } from "vitest";
import { enforcedPatterns } from "../../domain/selection/enforced.ts";
import { deliverer, publisher } from "../../proxy/chain.ts";
import type { Delivered, Message } from "../../proxy/message.ts";
import { builders } from "../../proxy/patterns/built.ts";
import type { Pattern } from "../../proxy/patterns/pattern.ts";

const message: Message = {
  id: "1",
  topic: "t",
  key: "",
  payload: new Uint8Array(),
  metadata: {},
  publishedAtMs: 0,
  headers: {},
  once: false,
};

/** Wraps what it publishes in its letter, and takes it off again. */
const bracket = (letter: string): Pattern => ({
  name: "wal",
  publish: (next) => (sent) => next({ ...sent, key: `${sent.key}${letter}` }),
  deliver: (next) => async (got) => {
    if (!got.key.endsWith(letter)) throw new Error(`${letter} is not the last of ${got.key}`);
    await next({ ...got, key: got.key.slice(0, -letter.length) });
  },
});

const oneWay: Pattern = { name: "outbox", publish: (next) => next };

describe("a chain", () => {
  it("publishes from the first pattern inwards and delivers from the last outwards", async () => {
    const patterns = [bracket("a"), oneWay, bracket("b"), bracket("c")];
    const held: Message[] = [];
    const published = await publisher(patterns, async (sent) => {
      held.push(sent);
      return { offset: "k.0.0" };
    })(message);
    expect(held.map(({ key }) => key)).toEqual(["abc"]);

    const got: Delivered[] = [];
    const deliver = deliverer(patterns, async (delivered) => void got.push(delivered));
    await deliver({ ...message, key: "abc", ...published });
    expect(got).toEqual([{ ...message, offset: "k.0.0" }]);
  });

  it("without patterns is the backend itself", async () => {
    const backend = async () => ({ offset: "k.0.1" });
    expect(publisher([], backend)).toBe(backend);
  });
});

describe("patterns", () => {
  it("are enforced exactly where this build can build them", () => {
    expect(Object.keys(builders).sort()).toEqual([...enforcedPatterns].sort());
  });
});
