import { type Anchor, nextAnchor } from "../eventstore/anchor.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Log } from "../runtime/log.ts";
import type { Archive } from "./archive.ts";

/** The log's anchors, in the archive. */
export interface Anchors {
  /** In the order of their positions. */
  all(): Promise<readonly Anchor[]>;
  add(anchor: Anchor): Promise<void>;
}

const folder = "audit/anchors/";
const deadlineMs = 30_000;

export function anchors(archive: Archive): Anchors {
  // One that was read does not change: only new ones are fetched.
  const known = new Map<string, Anchor>();
  return {
    async all() {
      const signal = AbortSignal.timeout(deadlineMs);
      const keys = await archive.keys(folder, signal);
      for (const key of keys) {
        const body = known.has(key) ? undefined : await archive.get(key, signal);
        if (body !== undefined) known.set(key, JSON.parse(Buffer.from(body).toString()) as Anchor);
      }
      return keys.flatMap((key) => known.get(key) ?? []);
    },

    async add(anchor) {
      const body = Buffer.from(`${JSON.stringify(anchor)}\n`);
      await archive.put(
        `${folder}${anchor.position.padStart(19, "0")}.json`,
        body,
        AbortSignal.timeout(deadlineMs),
      );
    },
  };
}

export type AnchoringDependencies = {
  readonly store: EventStore;
  readonly anchors: Anchors;
  readonly log: Log;
  /** From one anchor to the next. */
  readonly everyMs: number;
};

const lookMs = 60_000;

/**
 * Anchors the log every `everyMs`, whichever process is the first to find that it is time; two that find it at
 * once leave two anchors of one log.
 */
export function anchoring({ store, anchors: kept, log, everyMs }: AnchoringDependencies) {
  let looking = Promise.resolve();

  const look = async (): Promise<void> => {
    const last = (await kept.all()).at(-1);
    if (last !== undefined && Date.now() - Date.parse(last.at) < everyMs) return;
    const anchor = await nextAnchor(store, last, new Date());
    if (anchor === "cut") {
      log.error({ anchored: last?.position }, "THE LOG IS SHORTER THAN IT WAS: run prism audit verify");
    } else if (anchor !== undefined) {
      await kept.add(anchor);
      log.info({ position: anchor.position }, "anchored the log");
    }
  };

  const timer = setInterval(
    () => {
      looking = looking.then(look).catch((error: unknown) => {
        log.warn({ error: String(error) }, "the log could not be anchored");
      });
    },
    Math.max(Math.min(everyMs, lookMs), 100),
  );
  return {
    stop(): Promise<void> {
      clearInterval(timer);
      return looking;
    },
  };
}
