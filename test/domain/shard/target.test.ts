import { describe, expect, it } from "vitest";
import { plain } from "../../../domain/shard/shard.ts";
import { targetOf } from "../../../domain/shard/target.ts";

const moving = { namespace: "orders", incarnation: 1, from: "one", rps: 200 };
const large = { ...moving, rps: 100_001 };
const another = { namespace: "ledger", incarnation: 1 };
const shards = [
  plain("one"),
  plain("two"),
  { ...plain("closed"), state: "draining" as const },
  { ...plain("own"), dedicated: true },
  { ...plain("taken"), dedicated: true, holder: another },
];

describe("the shard that a namespace is moved to", () => {
  it("is the one that is named, or the best that takes it", () => {
    expect(targetOf("two", moving, shards)).toBe("two");
    expect(targetOf(undefined, moving, shards)).toBe("two");
    expect(targetOf("own", large, shards)).toBe("own");
    expect(targetOf(undefined, large, shards)).toBe("own");
  });

  it.each([
    ["nowhere", moving, "does not exist"],
    ["one", moving, "already"],
    ["closed", moving, "drained"],
    ["own", moving, "one namespace above"],
    ["two", large, "dedicated shard"],
  ])("is not %s", (shard, what, why) => {
    expect(() => targetOf(shard, what, shards)).toThrow(why);
    expect(() => targetOf(shard, what, shards)).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIGURATION" }),
    );
  });

  it("is not there where no other takes it, and what to do is said", () => {
    const refusal = { code: "NAMESPACE_NOT_READY", details: expect.anything() };
    expect(() => targetOf(undefined, moving, [plain("one")])).toThrow(expect.objectContaining(refusal));
    expect(() => targetOf(undefined, large, [plain("one"), shards[4] ?? plain("x")])).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ recommendation: "prism shard add NAME --dedicated" }),
      }),
    );
  });
});
