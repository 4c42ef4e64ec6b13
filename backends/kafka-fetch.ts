import { setTimeout as pause } from "node:timers/promises";
import type { ConnectionPool, Consumer, fetchV17 } from "@platformatic/kafka";
import { hasProtocolError } from "./kafka-errors.ts";
import { storedRecords } from "./kafka-records.ts";
import type { LogReader } from "./log.ts";

type FetchOptions = {
  readonly consumer: Consumer;
  /** Its own: a broker answers one connection's requests in turn, and a fetch may wait long. */
  readonly connections: ConnectionPool;
  readonly topic: string;
  readonly reader: LogReader;
  readonly signal: AbortSignal;
};

/** Where reading goes on, by partition. Moved on as records arrive. */
export type Positions = Map<number, bigint>;

type Fetched = "fetched" | "nothing wanted" | "nothing led";

const waitMs = 500;
// While a full partition is left out, so that it is not left out for long after it was emptied.
const shortWaitMs = 50;
const fetchBytes = 4 * 1024 * 1024;
const partitionBytes = 1024 * 1024;
const retryMs = 250;
// How long a partition goes unread that has come to a leader of which nothing was wanted.
const lookMs = 500;
/** Who leads a partition while nobody does; Kafka's own word. */
const nobody = -1;
const earliest = -2n;
const latest = -1n;

/** Reads the partitions it is given, with one request in flight per broker, and only what is wanted. */
export function kafkaFetch({ consumer, connections, topic, reader, signal }: FetchOptions) {
  // Replaced as a whole: an answer to a question about other partitions is recognised and dropped.
  let positions: Positions = new Map();
  let asleep = Promise.withResolvers<void>();
  const loops = new Set<number>();

  const wake = (): void => {
    asleep.resolve();
    asleep = Promise.withResolvers();
  };

  const looking = setInterval(wake, lookMs).unref();
  signal.addEventListener("abort", () => clearInterval(looking), { once: true });

  /** `forceUpdate`: also where it was asked a moment ago; else what it says is seconds old at most. */
  const known = async (forceUpdate = false) => {
    const { topics } = await consumer.metadata({ topics: [topic], forceUpdate });
    const found = topics.get(topic);
    if (found === undefined) throw new Error(`topic ${topic} is not there`);
    const leaderOf = (partition: number): number => found.partitions[partition]?.leader ?? nobody;
    return { id: found.id, leaderOf };
  };

  /** Each partition's leader has its loop, also while nobody leads: that loop looks who does by now. */
  const startLoops = async (): Promise<void> => {
    const mine = positions;
    while (mine === positions && !signal.aborted) {
      try {
        const { leaderOf } = await known();
        for (const leader of new Set([...positions.keys()].map(leaderOf))) {
          if (loops.has(leader)) continue;
          loops.add(leader);
          void loop(leader);
        }
        return;
      } catch (error) {
        await later(error, mine);
      }
    }
  };

  const later = async (error: unknown, mine: Positions): Promise<void> => {
    if (signal.aborted || mine !== positions) return;
    reader.troubled(error as Error);
    await pause(retryMs, undefined, { ref: false });
  };

  const loop = async (node: number): Promise<void> => {
    while (!signal.aborted) {
      const mine = positions;
      const again = asleep.promise;
      const fetched = await fetchOnce(node, mine).catch(async (error: unknown) => {
        if (!(await recovered(error, mine))) await later(error, mine);
      });
      if (fetched === "nothing wanted") await again;
      // Before it looks who leads: it may be this one again.
      if (fetched === "nothing led") loops.delete(node);
      await startLoops();
      if (fetched === "nothing led") return;
    }
  };

  const fetchOnce = async (node: number, mine: Positions): Promise<Fetched> => {
    const { id, leaderOf } = await known(node === nobody);
    if (mine !== positions) return "fetched";
    const led = [...mine].filter(([partition]) => leaderOf(partition) === node);
    if (led.length === 0) return "nothing led";
    if (node === nobody) throw new Error(`${led.length} partitions of ${topic} have no leader`);
    const wanted = led.filter(([partition]) => reader.wants(partition));
    if (wanted.length === 0) return "nothing wanted";
    const response = await consumer.fetch({
      node,
      topics: wanted.map(([partition, fetchOffset]) => ({
        topicId: id,
        partitions: [
          {
            partition,
            fetchOffset,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
            partitionMaxBytes: partitionBytes,
          },
        ],
      })),
      minBytes: 1,
      maxBytes: fetchBytes,
      maxWaitTime: wanted.length < led.length ? shortWaitMs : waitMs,
      connectionPool: connections,
    });
    if (mine === positions && !signal.aborted) handOver(response, new Map(wanted));
    return "fetched";
  };

  const handOver = (response: fetchV17.FetchResponse, asked: Positions): void => {
    for (const answer of response.responses.flatMap(({ partitions }) => partitions)) {
      // A broker's fetch session may still mention partitions that were not asked for.
      const from = asked.get(answer.partitionIndex);
      if (from === undefined || answer.records == null) continue;
      const { records, next } = storedRecords(answer.records, from);
      // There was room when it was asked for: what came meanwhile may have taken it.
      if (next === from || !reader.wants(answer.partitionIndex)) continue;
      // Last: where not everything is wanted, each has its turn.
      positions.delete(answer.partitionIndex);
      positions.set(answer.partitionIndex, next);
      reader.records(answer.partitionIndex, records, next);
    }
  };

  /**
   * What retention has removed cannot be waited for: reading goes on with the oldest record there is. So it does
   * where the broker has lost its tail: what was written or sent again since begins somewhere below the new end,
   * and going on from there would pass it by. What has a position in a log is not delivered twice for that.
   */
  const recovered = async (error: unknown, mine: Positions): Promise<boolean> => {
    if (signal.aborted || mine !== positions || !hasProtocolError(error, "OFFSET_OUT_OF_RANGE")) return false;
    const bound = async (timestamp: bigint) =>
      (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? [];
    try {
      const [first, end] = await Promise.all([bound(earliest), bound(latest)]);
      for (const [partition, position] of mine) {
        const oldest = first[partition] ?? position;
        const inRange = position >= oldest && position <= (end[partition] ?? position);
        if (!inRange && mine === positions) mine.set(partition, oldest);
      }
      return true;
    } catch {
      return false;
    }
  };

  return {
    /** From now on exactly these, from these positions. */
    assign(next: Positions): void {
      positions = next;
      wake();
      void startLoops();
    },
    wake,
  };
}
