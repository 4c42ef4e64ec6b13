import { describe, expect, it } from "vitest";
import { murmur2, partitionOf } from "../../backends/murmur2.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("the partitioner", () => {
  // The values of Kafka's own org.apache.kafka.common.utils.UtilsTest.
  it.each([
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ])("hashes %s as Java does", (text, hash) => {
    expect(murmur2(bytes(text))).toBe(hash);
  });

  it("gives a key the partition Java's producer gives it", () => {
    expect(partitionOf(bytes("21"), 20)).toBe((-973932308 & 0x7fffffff) % 20);
    expect(partitionOf(bytes("abc"), 7)).toBe(479470107 % 7);
  });

  it("reads a part of a larger buffer as if it stood alone", () => {
    expect(murmur2(bytes("xxfoobarxx").subarray(2, 8))).toBe(-790332482);
  });

  it("takes no bytes at all", () => {
    expect(partitionOf(new Uint8Array(), 3)).toBeGreaterThanOrEqual(0);
  });
});
