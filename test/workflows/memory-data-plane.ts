import { setTimeout as delay } from "node:timers/promises";
import type { Logs } from "../../activities/deleting.ts";
import type { Barrier } from "../../activities/growing.ts";
import type { Probe } from "../../activities/probe.ts";
import { PrismError } from "../../domain/errors.ts";

export type MemoryDataPlane = {
  /** Namespaces whose relay stands still. */
  readonly barriers: ReadonlySet<string>;
  /** Namespaces whose log takes nothing. */
  readonly closed: ReadonlySet<string>;
  /** Namespaces whose consumers acknowledge nothing. */
  readonly slow: Set<string>;
  /** Namespaces whose log is never relayed. */
  readonly full: Set<string>;
  /** Namespaces whose probe takes half a second, and fails. */
  readonly deaf: Set<string>;
  readonly barrier: Barrier;
  readonly logs: Logs;
  readonly probe: Probe;
};

/** Logs, relays and proxies as far as operations touch them: seven messages are published, and one group reads. */
export function memoryDataPlane(): MemoryDataPlane {
  const barriers = new Set<string>();
  const closed = new Set<string>();
  const slow = new Set<string>();
  const full = new Set<string>();
  const deaf = new Set<string>();
  return {
    barriers,
    closed,
    slow,
    full,
    deaf,
    barrier: {
      hold: async ({ namespace }) => {
        barriers.add(namespace);
        return 7n;
      },
      standing: async ({ namespace }) => (barriers.has(namespace) ? 7n : undefined),
      release: async ({ namespace }) => void barriers.delete(namespace),
      grow: async ({ namespace }) => void barriers.delete(namespace),
      relayed: async () => 7n,
      ends: async (_, partitions) => Array.from({ length: partitions }, () => 3n),
      groups: async ({ namespace }) => ({
        groups: ["billing"],
        behind: slow.has(namespace) ? [{ group: "billing", records: 2n }] : [],
      }),
    },
    logs: {
      close: async ({ namespace }) => {
        closed.add(namespace);
        return full.has(namespace) ? 9 : 0;
      },
      reopen: async ({ namespace }) => void closed.delete(namespace),
      backlog: async ({ namespace }) => (full.has(namespace) ? 9 : 0),
      forgetKeys: async () => {},
    },
    async probe(_, { namespace }) {
      if (!deaf.has(namespace)) return { messageId: "m-1", tookMs: 1 };
      await delay(500);
      throw new PrismError("BACKEND_UNAVAILABLE", "told to be deaf");
    },
  };
}
