import type { ConsumeOptions } from "./consumer-stream.ts";
import type { Consumption, Message } from "./consumption.ts";

export type WorkOptions = ConsumeOptions & {
  /** How many messages are worked on at a time. Default: 1. */
  readonly concurrency?: number;
  /**
   * How long a message waits after its handler has failed, by attempt; twelve hours at most.
   * Default: a second, doubled each time.
   */
  readonly delayMs?: (attempt: number) => number;
};

/** Work that goes on until it is stopped. */
export interface Work {
  /** Resolves when the group stands. */
  readonly ready: Promise<void>;
  /** Resolves when it was stopped; rejects with what a new connection cannot mend. */
  readonly done: Promise<void>;
  /** Takes no more, and resolves when what was begun has ended. */
  stop(): Promise<void>;
}

const firstDelayMs = 1_000;
// A proxy refuses a longer one, and ends the stream.
const longestDelayMs = 12 * 3_600_000;

export function work(
  messages: Consumption,
  { concurrency = 1, delayMs = (attempt) => firstDelayMs * 2 ** (attempt - 1) }: WorkOptions,
  handle: (message: Message) => Promise<void>,
): Work {
  const running = new Set<Promise<void>>();
  let stopped = false;

  const one = async (message: Message): Promise<void> => {
    try {
      await handle(message);
      await message.ack();
    } catch (error) {
      const waitMs = Math.min(longestDelayMs, delayMs(message.attempt));
      await message.nack({ delayMs: waitMs, reason: String(error) });
    }
  };

  const begin = (message: Message): void => {
    const begun: Promise<void> = one(message).finally(() => running.delete(begun));
    running.add(begun);
  };

  const run = async (): Promise<void> => {
    for await (const message of messages) {
      if (stopped) break;
      begin(message);
      while (running.size >= concurrency) await Promise.race(running);
    }
    await Promise.all(running);
  };

  const done = run();
  done.catch(() => {});
  return {
    ready: messages.ready,
    done,
    async stop() {
      stopped = true;
      await Promise.all(running);
      await messages.return();
      await done;
    },
  };
}
