import { v5, version } from "uuid";
import { describe, expect, it } from "vitest";
import { freshId, idOf } from "../../proxy/message-id.ts";

describe("a message's id", () => {
  it.each(["orders/1/t/order-1", "", "grüße/2/t/ключ 🙂", "x".repeat(5_000)])(
    "under a key is the same each time, as RFC 9562 makes it of a name: %s",
    (text) => {
      expect(idOf(text)).toBe(v5(text, "1d0c4ad8-2f0b-5d0a-8a5e-0c6b1f2f3e90"));
    },
  );

  it("without a key is new each time, and begins with the time", () => {
    const ids = Array.from({ length: 1_000 }, () => freshId(1_795_251_600_000));
    expect(new Set(ids).size).toBe(1_000);
    expect(new Set(ids.map((id) => version(id)))).toEqual(new Set([7]));
    expect(freshId(1_795_251_600_001) > (ids[0] ?? "")).toBe(true);
  });
});
