import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  readonly registry: Registry;
  /** Exactly these namespaces, with their backends, from now on: at 0 from the moment they are served. */
  show(serving: ReadonlyMap<string, string>): void;
  /** `status`: `success` or Prism's code. `seconds` where the call is one question and one answer. */
  called(namespace: string, api: string, status: string, seconds?: number): void;
  /** This thread has been at work for it, for so many milliseconds. */
  worked(namespace: string, ms: number): void;
  backendError(namespace: string, backend: string): void;
  /** A message has passed a pattern and all that comes after it. */
  passed(namespace: string, pattern: string, seconds: number): void;
}

type Recent = {
  readonly seconds: Float64Array;
  count: number;
  readonly outcomes: Uint8Array;
  calls: number;
  busyMs: number;
};

const recentCalls = 1_024;
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const percentiles = { p50: 0.5, p95: 0.95, p99: 0.99 };

/** The seeds' names (`api.md` §8). A label is a namespace only while it is served here: nobody can invent one. */
export function metrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const recent = new Map<string, Recent>();

  const total = new Counter({
    name: "prism_namespace_requests_total",
    help: "Calls for a namespace",
    labelNames: ["namespace"],
    registers,
  });
  const requests = new Counter({
    name: "prism_requests_total",
    help: "Calls by namespace, client API and outcome",
    labelNames: ["namespace", "api", "status"],
    registers,
  });
  const latency = new Histogram({
    name: "prism_latency_seconds",
    help: "From a call's arrival to its answer",
    labelNames: ["namespace", "api"],
    buckets,
    registers,
  });
  const chain = new Histogram({
    name: "prism_pattern_chain_duration_seconds",
    help: "How long a message takes through a pattern and what comes after it",
    labelNames: ["namespace", "pattern"],
    buckets,
    registers,
  });
  const backendErrors = new Counter({
    name: "prism_backend_errors_total",
    help: "Failures of a backend, the retried ones too",
    labelNames: ["namespace", "backend"],
    registers,
  });
  const latencyMs = new Gauge({
    name: "prism_namespace_latency_ms",
    help: "Percentiles over a namespace's last calls",
    labelNames: ["namespace", "p"],
    registers,
    collect() {
      for (const [namespace, calls] of recent) {
        const sorted = calls.seconds.slice(0, Math.min(calls.count, recentCalls)).sort();
        for (const [p, share] of Object.entries(percentiles)) {
          this.set({ namespace, p }, 1_000 * (sorted[Math.floor(share * (sorted.length - 1))] ?? 0));
        }
      }
    },
  });
  const errorRate = new Gauge({
    name: "prism_namespace_error_rate",
    help: "Share of a namespace's last calls that failed",
    labelNames: ["namespace"],
    registers,
    collect() {
      for (const [namespace, { outcomes, calls }] of recent) {
        const known = Math.min(calls, recentCalls);
        const failed = outcomes.subarray(0, known).reduce((sum, outcome) => sum + outcome, 0);
        this.set({ namespace }, known === 0 ? 0 : failed / known);
      }
    },
  });

  const busy = new Counter({
    name: "prism_namespace_busy_seconds_total",
    help: "How long this proxy's thread has worked on a namespace's publishes, acknowledgements and answers",
    labelNames: ["namespace"],
    registers,
    collect() {
      // Counted where it costs an addition: it happens several times a call.
      this.reset();
      for (const [namespace, { busyMs }] of recent) this.inc({ namespace }, busyMs / 1_000);
    },
  });

  const begin = (namespace: string, backend: string): void => {
    recent.set(namespace, {
      seconds: new Float64Array(recentCalls),
      count: 0,
      outcomes: new Uint8Array(recentCalls),
      calls: 0,
      busyMs: 0,
    });
    total.inc({ namespace }, 0);
    requests.inc({ namespace, api: "queue", status: "success" }, 0);
    latency.zero({ namespace, api: "queue" });
    backendErrors.inc({ namespace, backend }, 0);
  };

  const end = (namespace: string): void => {
    recent.delete(namespace);
    for (const metric of [total, requests, latency, chain, busy, backendErrors, latencyMs, errorRate])
      forget(metric, namespace);
  };

  return {
    registry,
    show(serving) {
      for (const [namespace, backend] of serving) if (!recent.has(namespace)) begin(namespace, backend);
      for (const namespace of [...recent.keys()]) if (!serving.has(namespace)) end(namespace);
    },
    called(namespace, api, status, seconds) {
      const of = recent.get(namespace);
      if (of === undefined) return;
      total.inc({ namespace });
      requests.inc({ namespace, api, status });
      of.outcomes[of.calls++ % recentCalls] = status === "success" ? 0 : 1;
      if (seconds === undefined) return;
      latency.observe({ namespace, api }, seconds);
      of.seconds[of.count++ % recentCalls] = seconds;
    },
    passed(namespace, pattern, seconds) {
      if (recent.has(namespace)) chain.observe({ namespace, pattern }, seconds);
    },
    worked(namespace, ms) {
      const of = recent.get(namespace);
      if (of !== undefined) of.busyMs += ms;
    },
    backendError(namespace, backend) {
      if (recent.has(namespace)) backendErrors.inc({ namespace, backend });
    },
  };
}

type Labelled = {
  get(): Promise<{ values: { labels: object }[] }>;
  remove(labels: Record<string, string | number>): void;
};

/** prom-client removes one set of labels at a time: these are all of a namespace. */
function forget(metric: unknown, namespace: string): void {
  const labelled = metric as Labelled;
  void labelled.get().then(({ values }) => {
    for (const { labels } of values) {
      const { le: _, ...own } = labels as Record<string, string | number>;
      if (own["namespace"] === namespace) labelled.remove(own);
    }
  });
}
