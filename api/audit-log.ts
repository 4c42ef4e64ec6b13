import { v7 as uuid7 } from "uuid";
import { type Answer, auditStream, type Call, type CallEvent } from "../domain/calls/events.ts";
import { PrismError } from "../domain/errors.ts";
import { canonicalJson } from "../domain/json.ts";
import type { EventStore, NewEvent } from "../eventstore/event-store.ts";
import type { Log } from "../runtime/log.ts";

export type Called = { readonly actor: string; readonly call: Call };

/** Every call of the control plane, in the event store's stream `audit`. */
export interface AuditLog {
  /**
   * Records a call that may change something before it has any effect; answers its position.
   * `BACKEND_UNAVAILABLE` where it cannot be recorded: then the call must not go on.
   */
  received(called: Called): Promise<bigint>;
  /** Records, within a moment and together with others, how a call was answered. Those that are alike become one. */
  answered(called: Called, answer: Answer, received?: bigint): void;
  /** `BACKEND_UNAVAILABLE` once so much waits to be recorded that more would be lost. */
  assertRoom(): void;
  /** Records what waits; answers the last position that was written. */
  flush(): Promise<bigint>;
  /** Records what waits, or says how much is lost. */
  close(): Promise<void>;
}

type Waiting = { readonly actor: string; readonly event: CallEvent; times: number };

export function auditLog(
  store: EventStore,
  { log, flushMs = 1_000, mostWaiting = 10_000 }: { log: Log; flushMs?: number; mostWaiting?: number },
): AuditLog {
  const waiting = new Map<string, Waiting>();
  // Once formed, a batch is repeated as it is: the store then knows it again, and records it once.
  const batches: (readonly NewEvent[])[] = [];
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last = 0n;
  let untold = 0;

  const batched = (): number => batches.reduce((sum, batch) => sum + batch.length, 0);
  const isFull = (): boolean => waiting.size + batched() >= mostWaiting;

  const write = async (): Promise<void> => {
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      last = (await store.append(auditStream, batch, { expected: "any" })).position;
      batches.shift();
    }
  };

  const flush = async (): Promise<bigint> => {
    clearTimeout(timer);
    timer = undefined;
    const events = [...waiting.values()].map(recordable);
    waiting.clear();
    for (let at = 0; at < events.length; at += batchEvents) batches.push(events.slice(at, at + batchEvents));
    while (batches.length > 0) {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      await writing;
    }
    return last;
  };

  const soon = (): void => {
    timer ??= setTimeout(() => {
      flush().catch((error: unknown) => {
        log.warn(
          { error: String(error), untold },
          "calls are not recorded yet: the event store did not take them",
        );
        soon();
      });
    }, flushMs).unref();
  };

  return {
    async received({ actor, call }) {
      const event = recordable({ actor, event: { type: "CallReceived", data: call }, times: 1 });
      try {
        return (await store.append(auditStream, [event], { expected: "any" })).position;
      } catch (cause) {
        throw unavailable("what cannot be recorded is not done", cause);
      }
    },

    answered({ actor, call }, answer, received) {
      const place = received === undefined ? null : String(received);
      const data = { ...call, ...answer, received: place, times: 1 };
      const alike = canonicalJson({ actor, data });
      const known = waiting.get(alike);
      if (known !== undefined) known.times += 1;
      // What was refused for want of room had no effect, and must not take up more of it.
      else if (isFull() && received === undefined) untold += 1;
      else waiting.set(alike, { actor, event: { type: "CallAnswered", data }, times: 1 });
      soon();
    },

    assertRoom() {
      if (isFull()) throw unavailable("too many calls wait to be recorded", undefined);
    },

    flush,

    async close() {
      await flush().catch((error: unknown) => {
        const lost = batched() + untold;
        log.error({ error: String(error), lost }, "calls could not be recorded, and are lost");
      });
      clearTimeout(timer);
    },
  };
}

const batchEvents = 500;

function recordable({ actor, event, times }: Waiting): NewEvent {
  const id = uuid7();
  const data = event.type === "CallAnswered" ? { ...event.data, times } : event.data;
  const { operation } = event.data;
  const metadata = { actor, operation, correlation: id, causation: null, schema: 1, incarnation: 0 };
  return { type: event.type, data, id, metadata };
}

const unavailable = (why: string, cause: unknown): PrismError =>
  new PrismError("BACKEND_UNAVAILABLE", `the audit log could not be written: ${why}`, { cause });
