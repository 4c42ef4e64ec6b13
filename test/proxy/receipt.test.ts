import { describe, expect, it } from "vitest";
import { parseReceipt, receiptText } from "../../proxy/receipt.ts";

const receipt = {
  proxy: "proxy-eu west 1",
  session: "0a1b2c3d4e5f",
  delivery: 4_711,
  partition: 19,
  offset: 9_007_199_254_740_993n,
};

describe("a receipt", () => {
  it("names the delivery it was given for", () => {
    expect(parseReceipt(receiptText(receipt))).toEqual(receipt);
  });

  it.each(["", "nonsense", Buffer.from("a b c").toString("base64url"), receiptText(receipt).slice(4)])(
    "that was not given is refused: %s",
    (text) => {
      expect(() => parseReceipt(text)).toThrow("this is not a receipt");
    },
  );
});
