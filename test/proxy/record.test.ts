import { describe, expect, it } from "vitest";
import { messageOf, offsetOf, positionOf, recordOf } from "../../proxy/record.ts";

const message = {
  id: "018f",
  topic: "orders",
  key: "k1",
  payload: new Uint8Array([1, 2]),
  metadata: { source: "web" },
  publishedAtMs: 1_700_000_000_123,
  headers: { "prism-claim": "c" },
  once: false,
};
const position = { partition: 3, offset: 12n };
const placed = (key: string, ordered: boolean): string | undefined => {
  const { placedBy } = recordOf({ ...message, key }, ordered);
  return placedBy && Buffer.from(placedBy).toString();
};

describe("a message as a record", () => {
  it("comes back as it went, with its offset", () => {
    const { once: _, ...delivered } = message;
    expect(messageOf(recordOf(message, true), position)).toEqual({ ...delivered, offset: "k.3.12" });
  });

  it("carries Prism's headers beside the publisher's metadata", () => {
    expect(Object.fromEntries(recordOf(message, false).headers)).toEqual({
      source: "web",
      "prism-claim": "c",
      "prism-id": "018f",
      "prism-topic": "orders",
      "prism-published-at": "2023-11-14T22:13:20.123Z",
      "prism-v": "1",
    });
  });

  it("lies by its key, without one by its topic where order is promised, else anywhere", () => {
    expect([placed("k1", true), placed("k1", false)]).toEqual(["k1", "k1"]);
    expect([placed("", true), placed("", false)]).toEqual(["orders", undefined]);
  });

  it("has the offset of the log where it came through one", () => {
    const relayed = recordOf({ ...message, headers: { "prism-position": "77" } }, true);
    expect(messageOf(relayed, position)?.offset).toBe("w.77");
  });

  it("is none of ours where somebody wrote past Prism", () => {
    const foreign = { key: undefined, value: new Uint8Array(), headers: new Map(), timestampMs: 0 };
    expect(messageOf(foreign, position)).toBeUndefined();
  });
});

describe("an offset", () => {
  it("is opaque to clients and read back by us", () => {
    expect(positionOf(offsetOf(position))).toEqual(position);
    for (const text of ["", "12", "k.1", "x.1.2", "k.1.2.3", "k.-1.2"])
      expect(positionOf(text)).toBeUndefined();
  });
});
