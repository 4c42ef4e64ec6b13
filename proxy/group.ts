import { randomBytes } from "node:crypto";
import type { LogMember, LogReader, StoredRecord } from "../backends/log.ts";
import { commits } from "./commits.ts";
import { gated } from "./gated-reader.ts";
import type { Group, GroupOptions } from "./group-contract.ts";
import { type HeldPartition, heldPartition } from "./held-partition.ts";
import { lanes } from "./lanes.ts";
import { type Delivered, sizeOf } from "./message.ts";
import type { Receipt } from "./receipt.ts";
import { logPositionOf, messageOf, topicOf } from "./record.ts";
import { redelivery } from "./redelivery.ts";
import type { Subscriber } from "./subscriber.ts";

type Item = {
  readonly partition: number;
  readonly offset: bigint;
  readonly of: HeldPartition;
  readonly message: Delivered;
  readonly bytes: number;
  attempts: number;
};

const acknowledgedMs = 50;
const failedMs = 500;
const skippedMs = 5_000;
const lookMs = 200;
const defaultDeadlineMs = 30_000;
const mostAttempts = 5;
const deadLetterRetryMs = 1_000;

/**
 * One proxy's part of a consumer group. Whatever the number of its subscribers it is one
 * member in the backend, so that their coming and going moves no partitions.
 */
export function group(options: GroupOptions): Group {
  const { topic, proxy, troubled, deadLetter, failpoint = () => {} } = options;
  const memory = options.memory.group(() => member?.wake());
  const session = randomBytes(6).toString("hex");
  const held = new Map<number, HeldPartition>();
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
  let looking: NodeJS.Timeout | undefined;
  let deliveries = 0;

  const committing = commits({
    held,
    async commit(progress) {
      failpoint("commit", "before");
      const taken = (await member?.commit(progress)) ?? false;
      failpoint("commit", "after");
      return taken;
    },
    troubled,
  });
  const deadlines = redelivery({
    deadlineMs: options.deadlineMs ?? defaultDeadlineMs,
    expired: (deliveries) => unacknowledged(deliveries, "it was not acknowledged in time"),
  });

  const nextReady = (): Subscriber | undefined => {
    const at = subscribers.findIndex((subscriber) => subscriber.ready());
    // To the end of the queue: the next message is the next one's.
    const [next] = at < 0 ? [] : subscribers.splice(at, 1);
    if (next !== undefined) subscribers.push(next);
    return next;
  };

  /** Whether what is held here is still this member's to hand out; looks again soon where it may not be. */
  const stands = (): boolean => {
    if (member?.stands() !== false) return true;
    looking ??= setTimeout(() => {
      looking = undefined;
      pump();
    }, lookMs).unref();
    return false;
  };

  const pump = (): void => {
    while (!moving && stands()) {
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
    deadlines.expect(delivery);
    const receipt = { proxy, session, delivery, partition, offset };
    subscriber.take({ message, receipt, attempt: item.attempts });
  };

  const count = ({ of, bytes }: Item, by: 1 | -1): void => {
    if (of.waits(by, bytes)) member?.wake();
  };

  /** Ends a delivery; `undefined`: it had ended. */
  const takeBack = (delivery: number): Item | undefined => {
    const known = underWay.get(delivery);
    if (known === undefined) return undefined;
    underWay.delete(delivery);
    deadlines.settle(delivery);
    known.subscriber.released(delivery);
    return known.item;
  };

  const isHeld = ({ partition, of }: Item): boolean => held.get(partition) === of;

  const again = (items: readonly Item[]): void => {
    const still = items.filter(isHeld);
    for (const item of still) count(item, 1);
    waiting.back(still);
    pump();
  };

  /** These deliveries have failed: their messages come again after the delay, in their order, or are put aside. */
  const giveBack = (deliveries: readonly number[], delayMs: number, reason: string): boolean => {
    const items = deliveries.flatMap((delivery) => takeBack(delivery) ?? []);
    const once: Item[] = [];
    for (const item of items) {
      const spent = item.of.failed(item.offset) >= mostAttempts && deadLetter !== undefined;
      if (spent) putAside(item, reason);
      else once.push(item);
    }
    if (delayMs > 0) deadlines.later(delayMs, () => again(once));
    else again(once);
    committing.soon(failedMs);
    return items.length > 0;
  };

  /** What has not been written to its consumer has not failed there. */
  const unacknowledged = (deliveries: readonly number[], reason: string): void => {
    const sent = deliveries.filter((delivery) => underWay.get(delivery)?.subscriber.hasSent(delivery));
    giveBack(sent, 0, reason);
    again(deliveries.flatMap((delivery) => takeBack(delivery) ?? []));
  };

  const putAside = (item: Item, reason: string): void => {
    const attempts = item.of.failures(item.offset);
    deadLetter?.(item.message, { attempts, reason }).then(
      () => finish(item),
      (error: Error) => {
        troubled(error);
        deadlines.later(deadLetterRetryMs, () => isHeld(item) && putAside(item, reason));
      },
    );
  };

  const finish = (item: Item): void => {
    if (!isHeld(item)) return;
    item.of.done(item.offset, item.bytes);
    waiting.done(item);
    committing.soon(acknowledgedMs);
    pump();
  };

  const enqueue = (partition: number, record: StoredRecord, of: HeldPartition): void => {
    const { offset } = record;
    const read = topicOf(record) === topic ? messageOf(record, { partition, offset }) : undefined;
    const bytes = read === undefined ? 0 : sizeOf(read);
    if (read === undefined || !of.takes(offset, logPositionOf(record), bytes)) return;
    // A copy: a payload as it was read keeps all that was read with it in memory.
    const message = { ...read, payload: Buffer.from(read.payload) };
    const item = { partition, offset, of, message, bytes, attempts: of.failures(offset) };
    if (item.attempts >= mostAttempts && deadLetter !== undefined) putAside(item, "it failed before");
    else {
      waiting.add(item);
      count(item, 1);
    }
  };

  /** Of what is not kept nothing is known any more: acknowledgements of it come to nothing. */
  const forget = (kept: ReadonlySet<number>): void => {
    const lost = ({ partition }: Item): boolean => !kept.has(partition);
    for (const [delivery, { item }] of [...underWay]) if (lost(item)) takeBack(delivery);
    waiting.drop(lost);
    for (const [partition, of] of [...held]) {
      if (kept.has(partition)) continue;
      held.delete(partition);
      of.lost();
    }
  };

  const reader: LogReader = {
    async revoking() {
      moving = true;
      await committing.flush().catch(troubled);
    },
    assigned(partitions) {
      forget(new Set(partitions.filter(({ retained }) => retained).map(({ partition }) => partition)));
      for (const assigned of partitions) {
        if (!held.has(assigned.partition)) held.set(assigned.partition, heldPartition(assigned, memory));
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
    wants: (partition) => (held.get(partition)?.wants() ?? true) && memory.wants(),
    troubled,
    failed(error) {
      end(error);
      options.failed?.();
    },
  };

  const end = (error: Error): void => {
    for (const subscriber of [...subscribers]) subscriber.end(error);
  };

  const acknowledge = ({ delivery, partition, offset }: Receipt): boolean => {
    failpoint("acknowledge", "before");
    const item = takeBack(delivery);
    // Acknowledging twice is no mistake; acknowledging what was taken back is one.
    if (item === undefined) return held.get(partition)?.water.isDone(offset) ?? false;
    finish(item);
    failpoint("acknowledge", "after");
    return true;
  };

  const { layouts } = options;
  const gate = layouts && gated(reader, { layouts, member: () => member });
  const wanted = { group: options.name, start: options.start, reader: gate ?? reader };
  const ready = options.backend.join(wanted).then((joined) => {
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
    async detach(subscriber, vanished = false) {
      const at = subscribers.indexOf(subscriber);
      if (at >= 0) subscribers.splice(at, 1);
      const theirs = [...underWay].flatMap(([id, { subscriber: holder }]) =>
        holder === subscriber ? [id] : [],
      );
      if (vanished) unacknowledged(theirs, "its consumer has vanished");
      else again(theirs.flatMap((delivery) => takeBack(delivery) ?? []));
      await committing.flush().catch(troubled);
    },
    acknowledge,
    reject: ({ delivery }, delayMs, reason) => giveBack([delivery], delayMs, reason),
    extend({ delivery }) {
      if (!underWay.has(delivery)) return false;
      deadlines.expect(delivery);
      return true;
    },
    async confirm(receipt) {
      const { partition, offset } = receipt;
      const of = held.get(partition);
      if (!acknowledge(receipt) || of === undefined) return false;
      return committing.until(
        () => of.covers(offset),
        () => held.get(partition) === of,
      );
    },
    async close() {
      await ready.catch(() => {});
      gate?.stop();
      await committing.flush().catch(troubled);
      committing.stop();
      deadlines.stop();
      clearTimeout(looking);
      await member?.close();
      forget(new Set());
      memory.close();
    },
  };
}
