import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type {
  AssignedPartition,
  Log as Backend,
  LogMember,
  LogReader,
  StoredRecord,
} from "../backends/log.ts";
import { PrismError } from "../domain/errors.ts";
import { commits, type Held } from "./commits.ts";
import { lanes } from "./lanes.ts";
import { lowWater } from "./low-water.ts";
import type { Delivered } from "./message.ts";
import type { Receipt } from "./receipt.ts";
import { messageOf, topicOf } from "./record.ts";
import type { Subscriber } from "./subscriber.ts";

export type GroupOptions = {
  readonly backend: Backend;
  /** The group's name in the backend. */
  readonly name: string;
  readonly proxy: string;
  readonly topic: string;
  readonly start: "earliest" | "latest";
  readonly ordered: boolean;
  readonly troubled: (error: Error) => void;
};

export interface Group {
  /** Names this life of the group in receipts. */
  readonly session: string;
  /** Resolves when it has joined; rejects where it cannot. */
  readonly ready: Promise<void>;
  readonly subscribers: number;
  attach(subscriber: Subscriber): void;
  /** What was under way there goes to others. Resolves when all that was acknowledged is committed. */
  detach(subscriber: Subscriber): Promise<void>;
  /** Hands out what it can: a subscriber has become ready. */
  pump(): void;
  /** `false`: the delivery is over and its message comes again. */
  acknowledge(receipt: Receipt): boolean;
  /** Resolves when what is acknowledged so far would survive this proxy. */
  committed(): Promise<void>;
  /** Commits, and leaves. */
  close(): Promise<void>;
  end(error: Error): void;
}

type Item = {
  readonly partition: number;
  readonly offset: bigint;
  readonly message: Delivered;
  attempts: number;
};

const acknowledgedMs = 50;
const skippedMs = 5_000;
// What may wait here of one partition; the rest stays in the backend.
const waitingLimit = 500;
const waitingBytesLimit = 4 * 1024 * 1024;
const movingMs = 200;
const movingLimitMs = 15_000;

/**
 * One proxy's part of a consumer group. Whatever the number of its subscribers it is one
 * member in the backend, so that their coming and going moves no partitions.
 */
export function group(options: GroupOptions): Group {
  const { topic, proxy, troubled } = options;
  const session = randomBytes(6).toString("hex");
  const held = new Map<number, Held>();
  const underWay = new Map<number, { readonly item: Item; readonly subscriber: Subscriber }>();
  const subscribers: Subscriber[] = [];
  const waiting = lanes<Item>({
    ordered: options.ordered,
    keyOf: ({ message }) => message.key,
    compare: (a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1),
  });
  let member: LogMember | undefined;
  // Before the first assignment, and from one to the next: nothing is handed out that may be another's.
  let moving = true;
  let deliveries = 0;

  const committing = commits({
    held,
    commit: async (offsets) => (await member?.commit(offsets)) ?? false,
    troubled,
  });

  const nextReady = (): Subscriber | undefined => {
    const at = subscribers.findIndex((subscriber) => subscriber.ready());
    // To the end of the queue: the next message is the next one's.
    const [next] = at < 0 ? [] : subscribers.splice(at, 1);
    if (next !== undefined) subscribers.push(next);
    return next;
  };

  const pump = (): void => {
    while (!moving) {
      const subscriber = nextReady();
      const item = subscriber === undefined ? undefined : waiting.next();
      if (subscriber === undefined || item === undefined) return;
      handOut(item, subscriber);
    }
  };

  const handOut = (item: Item, subscriber: Subscriber): void => {
    const { partition, offset, message } = item;
    count(item, -1);
    const delivery = ++deliveries;
    item.attempts++;
    underWay.set(delivery, { item, subscriber });
    const receipt = { proxy, session, delivery, partition, offset };
    subscriber.take({ message, receipt, attempt: item.attempts });
  };

  const count = ({ partition, message }: Item, by: 1 | -1): void => {
    const of = held.get(partition);
    if (of === undefined) return;
    of.waiting += by;
    of.waitingBytes += by * message.payload.byteLength;
    const emptied = of.waiting <= waitingLimit / 2 && of.waitingBytes <= waitingBytesLimit / 2;
    if (!of.full || !emptied) return;
    of.full = false;
    member?.wake();
  };

  const enqueue = (partition: number, record: StoredRecord, of: Held): void => {
    const { offset } = record;
    const message = topicOf(record) === topic ? messageOf(record, { partition, offset }) : undefined;
    if (message === undefined) return;
    of.water.add(offset);
    const item = { partition, offset, message, attempts: 0 };
    waiting.add(item);
    count(item, 1);
  };

  /** Of what is not kept nothing is known any more: acknowledgements of it come to nothing. */
  const forget = (kept: ReadonlySet<number>): void => {
    const lost = ({ partition }: Item): boolean => !kept.has(partition);
    for (const [delivery, { item, subscriber }] of [...underWay]) {
      if (lost(item) && underWay.delete(delivery)) subscriber.released();
    }
    waiting.drop(lost);
    for (const partition of [...held.keys()]) if (!kept.has(partition)) held.delete(partition);
  };

  const reader: LogReader = {
    async revoking() {
      moving = true;
      await committing.flush().catch(troubled);
    },
    assigned(partitions: readonly AssignedPartition[]) {
      forget(new Set(partitions.filter(({ retained }) => retained).map(({ partition }) => partition)));
      for (const { partition, position } of partitions) {
        if (!held.has(partition)) held.set(partition, holding(position));
      }
      moving = false;
      committing.soon(acknowledgedMs);
      pump();
    },
    records(partition, records, next) {
      const of = held.get(partition);
      if (of === undefined) return;
      for (const record of records) enqueue(partition, record, of);
      of.water.passed(next);
      committing.soon(skippedMs);
      pump();
    },
    wants(partition) {
      const of = held.get(partition);
      if (of === undefined) return true;
      of.full ||= of.waiting >= waitingLimit || of.waitingBytes >= waitingBytesLimit;
      return !of.full;
    },
    troubled,
    failed: (error) => end(error),
  };

  const end = (error: Error): void => {
    for (const subscriber of [...subscribers]) subscriber.end(error);
  };

  const ready = options.backend.join({ group: options.name, start: options.start, reader }).then((joined) => {
    member = joined;
  });
  ready.catch(() => {});

  return {
    session,
    ready,
    pump,
    end,
    get subscribers() {
      return subscribers.length;
    },
    attach(subscriber) {
      subscribers.push(subscriber);
      pump();
    },
    async detach(subscriber) {
      const at = subscribers.indexOf(subscriber);
      if (at >= 0) subscribers.splice(at, 1);
      const returned: Item[] = [];
      for (const [delivery, { item, subscriber: holder }] of [...underWay]) {
        if (holder === subscriber && underWay.delete(delivery)) returned.push(item);
      }
      for (const item of returned) count(item, 1);
      waiting.back(returned);
      pump();
      await committing.flush().catch(troubled);
    },
    acknowledge({ delivery, partition, offset }) {
      const known = underWay.get(delivery);
      // Acknowledging twice is no mistake; acknowledging what was taken back is one.
      if (known === undefined) return held.get(partition)?.water.isDone(offset) ?? false;
      underWay.delete(delivery);
      held.get(partition)?.water.done(offset);
      waiting.done(known.item);
      known.subscriber.released();
      committing.soon(acknowledgedMs);
      pump();
      return true;
    },
    async committed() {
      const until = performance.now() + movingLimitMs;
      while (!(await committing.flush())) {
        if (performance.now() > until) throw stillMoving(options.name);
        await pause(movingMs);
      }
    },
    async close() {
      await ready.catch(() => {});
      await committing.flush().catch(troubled);
      committing.stop();
      await member?.close();
    },
  };
}

const holding = (position: bigint): Held => ({
  water: lowWater(position),
  committed: position,
  waiting: 0,
  waitingBytes: 0,
  full: false,
});

const stillMoving = (name: string): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", `could not commit for ${name}: its partitions are still moving`, {
    details: { retry_after_ms: 1_000 },
  });
