import { Counter, Gauge, type Registry } from "prom-client";
import type { LogStanding } from "../backends/write-ahead-log/write-ahead-log.ts";

/** What passes through the logs of namespaces, under the seeds' names (`api.md` §8). */
export interface LogMetrics {
  appended(namespace: string, entries: number): void;
  relayed(namespace: string, entries: number): void;
  seen(namespace: string, standing: LogStanding): void;
  /** At 0, so that a namespace is there from the moment it is served. */
  begin(namespace: string): void;
  end(namespace: string): void;
}

export function logMetrics(registry: Registry): LogMetrics {
  const registers = [registry];
  const labelNames = ["namespace"];
  const appended = new Counter({
    name: "prism_pattern_wal_appended_total",
    help: "Messages that this proxy has added to a namespace's log",
    labelNames,
    registers,
  });
  const relayed = new Counter({
    name: "prism_pattern_wal_relayed_total",
    help: "Messages that this proxy has carried from a namespace's log to its backend",
    labelNames,
    registers,
  });
  const pending = new Gauge({
    name: "prism_pattern_wal_pending_count",
    help: "Messages in a namespace's log that are not in its backend yet",
    labelNames,
    registers,
  });
  const lag = new Gauge({
    name: "prism_pattern_wal_lag_seconds",
    help: "How old the oldest message is that is not in the backend yet",
    labelNames,
    registers,
  });
  return {
    appended: (namespace, entries) => appended.inc({ namespace }, entries),
    relayed: (namespace, entries) => relayed.inc({ namespace }, entries),
    seen(namespace, { head, relayed: upTo, oldestPendingMs }) {
      pending.set({ namespace }, Number(head - upTo));
      lag.set({ namespace }, oldestPendingMs / 1_000);
    },
    begin(namespace) {
      appended.inc({ namespace }, 0);
      relayed.inc({ namespace }, 0);
      pending.set({ namespace }, 0);
      lag.set({ namespace }, 0);
    },
    end(namespace) {
      for (const metric of [appended, relayed, pending, lag]) metric.remove({ namespace });
    },
  };
}
