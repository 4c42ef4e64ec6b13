import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SnapshotSchema } from "../../proto/gen/prism/control/v1/control_pb.js";
import { decodeCopy, encodeCopy } from "../../proxy/disk-copy.ts";
import { queueEntry } from "./control-plane.ts";

const copy = {
  snapshot: create(SnapshotSchema, { version: 42n, entries: [queueEntry("orders", "orders-queue")] }),
  leaseUntilMs: 1_800_000_000_000,
};
const bytes = encodeCopy(copy);

describe("the directory's copy on disk", () => {
  it("is read as it was written", () => {
    expect(decodeCopy(bytes)).toEqual(copy);
  });

  it("is not trusted with any one byte changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        expect(decodeCopy(damaged)).toBeUndefined();
      }),
    );
  });

  it("is not trusted cut short, or with something behind it", () => {
    for (const end of [0, 3, 15, 16, bytes.length - 1])
      expect(decodeCopy(bytes.subarray(0, end))).toBeUndefined();
    expect(decodeCopy(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
  });
});
