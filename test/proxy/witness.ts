import { setTimeout as pause } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { v5 } from "uuid";
import { type Message, SubscribeRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { prism } from "../../sdk/typescript/prism.ts";
import { isOpen, type Seen } from "./history.ts";
import { rawClient, refusalOf } from "./raw-client.ts";

type Options = {
  readonly namespace: string;
  readonly token: string;
  /** Where proxies are; read again at each attempt, so that one may be replaced. */
  readonly addresses: () => readonly string[];
  /** How long each of its eight publishers rests after an answer. */
  readonly restMs?: number;
};

const first = "g";
const topic = "t";
const positionOf = (offset: string): bigint => BigInt(offset.slice(2));

/** Publishes and consumes under one's eyes: what was seen is a history to judge. */
export function witness({ namespace, token, addresses, restMs = 10 }: Options) {
  const history: Seen[] = [];
  const attempted = new Set<string>();
  const groups = new Map<string, Promise<void>[]>();
  let publishing = true;
  let count = 0;

  const publisher = async (key: string): Promise<void> => {
    const client = prism({ namespace, token, endpoints: [...addresses()] });
    while (publishing) {
      const idempotencyKey = `${key}.${count++}`;
      const id = idOf(namespace, idempotencyKey);
      attempted.add(id);
      try {
        const { messageId, offset } = await client.queue.publish(topic, idempotencyKey, {
          key,
          idempotencyKey,
        });
        history.push({ kind: "published", id: messageId, key, position: positionOf(offset) });
        await pause(restMs);
      } catch {
        // Not acknowledged: it may be there or not.
        await pause(50);
      }
    }
    client.close();
  };

  /** Subscribes at one proxy, and says what was confirmed only when that was answered. */
  const consumer = async (group: string, at: number): Promise<void> => {
    while (groups.has(group)) {
      const address = addresses()[at] ?? "";
      const raw = rawClient(address, { authorization: `Bearer ${token}`, "prism-namespace": namespace });
      await subscribed(raw, group).catch(() => {});
      raw.close();
      await pause(200);
    }
  };

  const subscribed = (raw: ReturnType<typeof rawClient>, group: string): Promise<void> =>
    new Promise((resolve) => {
      const open = create(SubscribeRequestSchema, {
        topic,
        group,
        credit: 20,
        start: { start: { case: "earliest", value: {} } },
      });
      const call = raw.subscribe<Message>(QueueService.method.subscribe, open);
      const looking = setInterval(() => !groups.has(group) && call.cancel(), 100);
      call.on("data", ({ messageId: id, key, offset, receipt }: Message) => {
        history.push({ kind: "delivered", group, id, key, position: positionOf(offset) });
        void acknowledge(raw, receipt).then((kind) => history.push({ kind, group, id }));
      });
      const over = (): void => {
        clearInterval(looking);
        resolve();
      };
      call.on("error", over);
      call.on("end", over);
    });

  const publishers = [..."abcdefgk"].map(publisher);
  const join = (group: string): void => {
    const running: Promise<void>[] = [];
    groups.set(group, running);
    running.push(...addresses().map((_, at) => consumer(group, at)));
  };
  const leave = async (group: string): Promise<void> => {
    const running = groups.get(group) ?? [];
    groups.delete(group);
    await Promise.all(running);
  };
  join(first);
  const confirmed = (group = first): number =>
    new Set(history.flatMap((seen) => (seen.kind === "confirmed" && seen.group === group ? [seen.id] : [])))
      .size;
  const published = (): number => history.filter(({ kind }) => kind === "published").length;

  return {
    history,
    attempted,
    group: first,
    /** One more group, from the first message on; it has a consumer at each proxy. */
    join,
    leave,
    published,
    confirmed,
    /**
     * No more is published; resolves when all that was acknowledged is confirmed, or when nothing more has been
     * for so long. A busy machine needs longer the more was published: what is lost never comes.
     */
    async settle(quietMs: number): Promise<void> {
      publishing = false;
      await Promise.all(publishers);
      let [done, until] = [0, performance.now() + quietMs];
      const goesOn = (): boolean => {
        const confirmations = history.filter(({ kind }) => kind === "confirmed").length;
        if (confirmations > done) [done, until] = [confirmations, performance.now() + quietMs];
        return performance.now() < until;
      };
      const open = (): boolean => {
        const last = new Map<string, Seen["kind"]>();
        for (const seen of history) {
          if (seen.kind === "published") continue;
          const of = `${seen.group} ${seen.id}`;
          // Another delivery of it may be refused after that.
          if (last.get(of) !== "confirmed") last.set(of, seen.kind);
        }
        return [...groups.keys()].some((group) =>
          history.some(({ id, kind }) => kind === "published" && isOpen(last.get(`${group} ${id}`))),
        );
      };
      while (open() && goesOn()) await pause(100);
      // What would come a second time has time to.
      await pause(500);
      await Promise.all([...groups.keys()].map(leave));
    },
  };
}

/** Asks until it is answered. */
async function acknowledge(
  raw: ReturnType<typeof rawClient>,
  receipt: string,
): Promise<"confirmed" | "refused" | "unknown"> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await raw.unary(QueueService.method.acknowledge, { receipt: [receipt] });
      return "confirmed";
    } catch (error) {
      const { reason } = refusalOf(error as ServiceError);
      if (reason !== "BACKEND_UNAVAILABLE") return reason === "RECEIPT_ELSEWHERE" ? "refused" : "unknown";
      await pause(200);
    }
  }
  return "unknown";
}

/** As a proxy derives it: so that what nobody was answered for is known by its id, too. */
const idOf = (namespace: string, key: string): string =>
  v5(`${namespace}/1/${topic}/${key}`, "1d0c4ad8-2f0b-5d0a-8a5e-0c6b1f2f3e90");
