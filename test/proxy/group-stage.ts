import type { StoredRecord } from "../../backends/log.ts";
import { deliveryMemory } from "../../proxy/delivery-memory.ts";
import { group } from "../../proxy/group.ts";
import type { Group, GroupOptions } from "../../proxy/group-contract.ts";
import { recordOf } from "../../proxy/record.ts";
import type { Delivery, Subscriber } from "../../proxy/subscriber.ts";
import { memoryLog } from "./memory-log.ts";

export const stored = (at: number, topic = "t"): StoredRecord => ({
  ...recordOf(
    {
      id: `m${at}`,
      topic,
      key: "",
      payload: new Uint8Array(),
      metadata: {},
      publishedAtMs: 0,
      headers: {},
      once: false,
    },
    false,
  ),
  offset: BigInt(at),
});
export const fresh = (partition: number, position = 0n) => ({
  partition,
  position,
  note: "",
  retained: false,
});
export const kept = (partition: number) => ({ partition, position: 0n, note: "", retained: true });

/** Takes up to `credit`. */
export function subscriber(credit = 100, hasSent = (_delivery: number) => true) {
  const taken: Delivery[] = [];
  const ended: Error[] = [];
  let underWay = 0;
  const self: Subscriber = {
    ready: () => underWay < credit,
    take(delivery) {
      underWay++;
      taken.push(delivery);
    },
    hasSent,
    released() {
      underWay--;
    },
    end: (error) => void ended.push(error),
  };
  return { self, taken, ended, ids: () => taken.map(({ message }) => message.id), underWay: () => underWay };
}

export async function started(more: Partial<GroupOptions> = {}) {
  const memory = memoryLog();
  const joined = group({
    backend: memory.log,
    name: "g",
    proxy: "p",
    topic: "t",
    start: "earliest",
    ordered: false,
    memory: deliveryMemory().open("n"),
    troubled: () => {},
    ...more,
  });
  await joined.ready;
  return { memory, joined };
}

/** Whoever leaves has everything committed first. */
export const flushed = (joined: Group) => joined.detach(subscriber().self);

export function never(): never {
  throw new Error("it was not delivered");
}
