import { setTimeout as pause } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import type { Size } from "../../backends/backend.ts";
import type { KafkaAdministration } from "../../backends/kafka-resource.ts";
import { sizeOnDisk } from "../../backends/kafka-size.ts";
import type { Command } from "../../backends/redis-connection.ts";
import { memoryOf } from "../../backends/redis-size.ts";
import { s3Size } from "../../backends/s3-size.ts";
import type { Timed } from "../../backends/timed.ts";

const timed = {} as Timed;
const ask = <T>(_what: string, _timed: Timed, question: () => Promise<T>) => question();

/** A Redis of so many pages of 1,000 keys, of which `ours` are the namespace's; a key of ours takes 200 bytes, or 100 more or less. */
function redisOf(pages: number, ours: number): { command: Command; asked: () => number } {
  let asked = 0;
  const command: Command = async (_what, _timed, name, ...words) => {
    asked++;
    if (name === "DBSIZE") return pages * 1_000;
    if (name === "MEMORY") return 100 * (1 + (Number(String(words[1]).split(":")[1]) % 3));
    const at = Number(words[0]);
    const keys = Array.from({ length: ours }, (_, index) => `orders:${at * ours + index}`);
    return [at + 1 === pages ? "0" : String(at + 1), keys];
  };
  return { command, asked: () => asked };
}

describe("what keys take in Redis", () => {
  it("is known where there are few", async () => {
    const { command } = redisOf(2, 100);
    expect(await memoryOf(command, "orders:*", timed)).toEqual({ bytes: 39_900, estimated: false });
  });
  it("is reckoned from some where there are many, and says so", async () => {
    const { command, asked } = redisOf(40, 500);
    const size = await memoryOf(command, "orders:*", timed);
    expect(size.estimated).toBe(true);
    expect(asked()).toBeLessThan(300);
    expectAbout(size, 40 * 500 * 200, 0.05);
  });
  it("is reckoned from a part of the server where that has very many keys", async () => {
    const { command, asked } = redisOf(1_000, 3);
    const size = await memoryOf(command, "orders:*", timed);
    expect(size.estimated).toBe(true);
    expect(asked()).toBeLessThan(300);
    expectAbout(size, 1_000 * 3 * 200, 0.05);
  });
  it("is nothing where there are none", async () =>
    expect(await memoryOf(redisOf(3, 0).command, "orders:*", timed)).toEqual({ bytes: 0, estimated: false }));
});

const expectAbout = ({ bytes }: Size, wanted: number, tolerance: number) =>
  expect(Math.abs(bytes / wanted - 1)).toBeLessThan(tolerance);

describe("what objects take in S3", () => {
  const sizeOf = async (pages: number, answersAfterMs = 0, mostMs?: number) => {
    let asked = 0;
    const send = async () => {
      if (answersAfterMs > 0) await pause(answersAfterMs);
      const Contents = Array.from({ length: 1_000 }, () => ({ Size: 10 }));
      return ++asked < pages ? { Contents, NextContinuationToken: `after ${asked}` } : { Contents };
    };
    const call = (_what: string, _timed: Timed, put: (signal: AbortSignal) => Promise<unknown>) =>
      put(new AbortController().signal);
    const size = await s3Size({ send } as unknown as S3Client, call as never, mostMs).size(
      "bucket",
      "1/a/",
      timed,
    );
    return { ...size, asked };
  };
  it("is counted over all pages", async () =>
    expect(await sizeOf(3)).toEqual({ bytes: 30_000, estimated: false, asked: 3 }));
  it("is said to be more where there are more than a list may cost", async () =>
    expect(await sizeOf(1_000)).toEqual({ bytes: 1_000_000, estimated: true, asked: 100 }));
  it("is said to be more where a list takes so long that others would not get their turn", async () => {
    const { bytes, estimated, asked } = await sizeOf(50, 10, 50);
    expect(estimated).toBe(true);
    expect(asked).toBeLessThanOrEqual(6);
    expect(bytes).toBe(asked * 10_000);
  });
});

describe("what a topic takes in Kafka", () => {
  const replica = (partitionIndex: number, bytes: number, isFutureKey = false) => ({
    partitionIndex,
    partitionSize: BigInt(bytes),
    isFutureKey,
  });
  it("counts each partition once, by the replica that has most, wherever it lies", async () => {
    const dir = (name: string, ...partitions: readonly object[]) => ({ topics: [{ name, partitions }] });
    const brokers = [
      { results: [dir("orders", replica(0, 100), replica(1, 40)), dir("orders", replica(0, 900, true))] },
      { results: [dir("orders", replica(0, 90), replica(1, 50)), dir("others", replica(0, 7_000))] },
    ];
    const admin = { describeLogDirs: async () => brokers };
    const tools = { admin, ask } as unknown as KafkaAdministration;
    expect(await sizeOnDisk(tools, { name: "orders", partitionsCount: 2 }, timed)).toEqual({
      bytes: 150,
      estimated: false,
    });
  });
});
