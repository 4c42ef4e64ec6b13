import { setTimeout as pause } from "node:timers/promises";
import { type Claim, type PublishKeys, renewMs } from "../backends/publish-keys/publish-keys.ts";
import { PrismError } from "../domain/errors.ts";
import type { Moment } from "./failpoint.ts";
import type { Message } from "./message.ts";
import type { Publish, Published } from "./patterns/pattern.ts";

export type PublishOnceOptions = {
  readonly namespace: string;
  readonly keys: PublishKeys;
  /** To the backend. */
  readonly publish: Publish;
  /** Whether the message is in the backend already: published then or later. */
  readonly look: (message: Message) => Promise<Published | undefined>;
  readonly failpoint: (step: "claim" | "produce", moment: Moment) => void;
  readonly troubled: (error: Error) => void;
};

type Asking = { readonly message: Message; readonly answer: PromiseWithResolvers<Claim> };

const mostAtOnce = 1_000;
const lookAgainMs = 100;
// Longer than whoever is gone is waited for.
const holdMs = 8_000;

/**
 * Publishes a message with an idempotency key once, where no log does: the key is claimed, the message
 * published, and the key settled. Whoever finds a claim that nobody is at any more looks for the message
 * in the backend before it publishes it.
 */
export function publishOnce({ namespace, keys, publish, look, failpoint, troubled }: PublishOnceOptions) {
  // By id: what is under way here, or was and is not known in the table yet.
  const here = new Map<string, Promise<Published>>();
  const claimed = new Set<string>();
  let asking: Asking[] = [];
  let claiming = false;
  let placed = new Map<string, string>();
  let settling: Promise<void> | undefined;

  const claimAll = async (): Promise<void> => {
    while (asking.length > 0) {
      const batch = asking.slice(0, mostAtOnce);
      asking = asking.slice(mostAtOnce);
      try {
        failpoint("claim", "before");
        const claims = await keys.claim(batch.map(({ message }) => message));
        failpoint("claim", "after");
        for (const [at, { answer }] of batch.entries()) answer.resolve(claims[at] as Claim);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    claiming = false;
  };

  const claim = (message: Message): Promise<Claim> => {
    const answer = Promise.withResolvers<Claim>();
    asking.push({ message, answer });
    if (!claiming) {
      claiming = true;
      // After the events at hand, so that whatever has arrived together is claimed together.
      setImmediate(() => void claimAll());
    }
    return answer.promise;
  };

  const settleAll = async (): Promise<void> => {
    while (placed.size > 0) {
      const batch = placed;
      placed = new Map();
      // What is not settled is found in the backend by whoever asks again.
      await keys.settle(batch).catch(troubled);
      for (const id of batch.keys()) here.delete(id);
    }
    settling = undefined;
  };

  const settle = (id: string, { offset }: Published): void => {
    placed.set(id, offset);
    settling ??= settleAll();
  };

  /** It is this proxy's to publish. `left`: perhaps it was published before. */
  const produce = async (message: Message, left: boolean): Promise<Published> => {
    claimed.add(message.id);
    try {
      failpoint("produce", "before");
      const published = (left ? await look(message) : undefined) ?? (await publish(message));
      failpoint("produce", "after");
      settle(message.id, published);
      return published;
    } catch (error) {
      if (isRefused(error)) await keys.release(message.id).catch(troubled);
      throw error;
    } finally {
      claimed.delete(message.id);
    }
  };

  const once = async (message: Message): Promise<Published> => {
    const until = performance.now() + holdMs;
    for (;;) {
      const { verdict, publishedAtMs, place } = await claim(message);
      if (place !== null) {
        here.delete(message.id);
        return { offset: place, recordedAtMs: publishedAtMs };
      }
      if (verdict !== "busy") {
        const published = await produce({ ...message, publishedAtMs }, verdict === "left");
        return { ...published, recordedAtMs: publishedAtMs };
      }
      if (performance.now() > until) throw busy(namespace);
      await pause(lookAgainMs, undefined, { ref: false });
    }
  };

  const renewing = setInterval(() => {
    if (claimed.size > 0) keys.renew([...claimed]).catch(troubled);
  }, renewMs).unref();

  return {
    async publish(message: Message): Promise<Published> {
      if (!message.once) return publish(message);
      const known = here.get(message.id);
      if (known !== undefined) return known;
      const published = once(message);
      here.set(message.id, published);
      published.catch(() => here.delete(message.id));
      return published;
    },
    /** Resolves when all that was published is known to be. */
    async close(): Promise<void> {
      await Promise.allSettled(here.values());
      await settling;
      clearInterval(renewing);
    },
  };
}

/** It is certainly not in the backend. */
const isRefused = (error: unknown): boolean =>
  error instanceof PrismError && error.code === "PAYLOAD_TOO_LARGE";

const busy = (namespace: string): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", `'${namespace}' is still publishing what has this idempotency key`, {
    details: { field: "idempotency_key", retry_after_ms: 1_000 },
  });
