import { setTimeout as pause } from "node:timers/promises";
import { type ConnectionPool, type Consumer, ProtocolError } from "@platformatic/kafka";
import { afterEach, describe, expect, it } from "vitest";
import { kafkaFetch } from "../../backends/kafka-fetch.ts";

const topic = "orders-queue";
const soon = { interval: 20 };
let stopped = new AbortController();
afterEach(() => stopped.abort());

/** Reads partitions of a cluster in which `leaders[partition]` leads; who is asked for another's refuses. */
function reading(leaders: (number | undefined)[], { unwanted = -1, cluster = { reachable: true } } = {}) {
  stopped = new AbortController();
  const asked: string[] = [];
  const consumer = {
    async metadata() {
      if (!cluster.reachable) throw new Error("no broker answers");
      const partitions = leaders.map((leader) => (leader === undefined ? undefined : { leader }));
      return { topics: new Map([[topic, { id: "x", partitions }]]) };
    },
    async fetch({ node, topics }: { node: number; topics: { partitions: { partition: number }[] }[] }) {
      await pause(20);
      for (const { partition } of topics.flatMap(({ partitions }) => partitions)) {
        if (leaders[partition] !== node) throw new Error("NOT_LEADER_OR_FOLLOWER");
        asked.push(`${partition} of ${node}`);
      }
      return { responses: [] };
    },
  };
  const reader = {
    revoking: async () => {},
    assigned() {},
    records() {},
    troubled() {},
    failed() {},
    wants: (partition: number) => partition !== unwanted,
  };
  const fetching = kafkaFetch({
    consumer: consumer as unknown as Consumer,
    connections: undefined as unknown as ConnectionPool,
    topic,
    reader,
    signal: stopped.signal,
  });
  fetching.assign(new Map(leaders.map((_, partition) => [partition, 0n])));
  const isAsked = (what: string) => {
    asked.length = 0;
    return expect.poll(() => asked, soon).toContain(what);
  };
  return { isAsked };
}

describe("reading partitions whose leaders move", () => {
  it("asks who leads now, also who has led before", async () => {
    const leaders = [1];
    const { isAsked } = reading(leaders);
    for (const leader of [1, 2, 1, 3, 2]) {
      leaders[0] = leader;
      await isAsked(`0 of ${leader}`);
    }
  });

  it("asks a leader of which nothing was wanted for what has come to it", async () => {
    const leaders = [1, 2, 2];
    const { isAsked } = reading(leaders, { unwanted: 0 });
    await isAsked("1 of 2");
    leaders[1] = 1;
    await isAsked("1 of 1");
  });

  it("waits for a leader where there is none", async () => {
    const leaders = [-1, undefined];
    const { isAsked } = reading(leaders);
    await pause(50);
    leaders[0] = 1;
    await isAsked("0 of 1");
    leaders[1] = 2;
    await isAsked("1 of 2");
  });

  it("begins when somebody says who leads", async () => {
    const cluster = { reachable: false };
    const { isAsked } = reading([1], { cluster });
    await pause(50);
    cluster.reachable = true;
    await isAsked("0 of 1");
  });
});

describe("a position that its partition does not have", () => {
  /** Begins at `position` of a partition that holds 10 to 990; answers from where it is read. */
  async function readFrom(position: bigint): Promise<bigint | undefined> {
    stopped = new AbortController();
    const asked: bigint[] = [];
    const consumer = {
      metadata: async () => ({ topics: new Map([[topic, { id: "x", partitions: [{ leader: 1 }] }]]) }),
      listOffsets: async ({ timestamp }: { timestamp: bigint }) =>
        new Map([[topic, [timestamp === -2n ? 10n : 990n]]]),
      async fetch({ topics }: { topics: { partitions: { fetchOffset: bigint }[] }[] }) {
        await pause(1);
        const from = topics[0]?.partitions[0]?.fetchOffset ?? 0n;
        if (from < 10n || from > 990n) throw new ProtocolError("OFFSET_OUT_OF_RANGE");
        asked.push(from);
        return { responses: [] };
      },
    };
    const fetching = kafkaFetch({
      consumer: consumer as unknown as Consumer,
      connections: undefined as unknown as ConnectionPool,
      topic,
      reader: {
        revoking: async () => {},
        assigned() {},
        records() {},
        troubled() {},
        failed() {},
        wants: () => true,
      },
      signal: stopped.signal,
    });
    fetching.assign(new Map([[0, position]]));
    await expect.poll(() => asked.length, soon).toBeGreaterThan(0);
    return asked[0];
  }

  it("is read on from the oldest record where retention has passed it", async () => {
    expect(await readFrom(3n)).toBe(10n);
  });

  it("is read on from the oldest record where its broker has lost its tail: the new end may be beyond what is new", async () => {
    expect(await readFrom(1_000n)).toBe(10n);
  });
});
