import { Redis } from "ioredis";
import { type Ask, asking } from "./ask.ts";
import type { Timed } from "./timed.ts";

/** One command to Redis, in time or not at all. */
export type Command = (
  what: string,
  timed: Timed,
  ...words: readonly [string, ...(string | number)[]]
) => Promise<unknown>;

/**
 * A connection that is opened when it is first needed. Nothing is queued while it is down:
 * a command that waited there would be sent after its caller has given up.
 */
export function redisConnection(url: string, deadlineMs: number) {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: deadlineMs,
    commandTimeout: deadlineMs,
    // A connection that was forgotten on the way tells nobody: it is given up before its caller gives up.
    socketTimeout: deadlineMs / 2,
    connectionName: "prism-worker",
    // A server that became a replica has another in its place, at the same address.
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
  let trouble: Error | undefined;
  redis.on("error", (error) => {
    trouble = error;
  });
  const ask: Ask = asking("Redis");

  const ready = async (signal: AbortSignal): Promise<void> => {
    if (redis.status === "ready") return;
    if (redis.status === "wait" || redis.status === "end") redis.connect().catch(() => {});
    await new Promise<void>((resolve, reject) => {
      const settled = (settle: () => void) => () => {
        redis.off("ready", onReady);
        redis.off("close", onClose);
        settle();
      };
      const onReady = settled(resolve);
      const onClose = settled(() => reject(trouble ?? new Error("the connection was closed")));
      redis.once("ready", onReady);
      redis.once("close", onClose);
      signal.addEventListener("abort", onClose, { once: true });
    });
  };

  const command: Command = (what, timed, name, ...words) =>
    ask(what, timed, async () => {
      await ready(timed.signal);
      timed.throwIfOver();
      return redis.call(name, ...words);
    });

  return {
    command,
    async close(): Promise<void> {
      redis.disconnect();
    },
  };
}
