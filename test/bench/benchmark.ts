import type { ServerName } from "../../stack/server.ts";

/** One line of a benchmark's table; what was not measured stays empty. */
export type Figure = {
  readonly what: string;
  /** How many of `unit` a second. */
  readonly perSecond?: number;
  readonly unit?: string;
  /** In milliseconds. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** CPU time of the calling process for one call, in microseconds: what it costs however busy the machine is. */
  readonly cpuMicros?: number;
  /** What was to be reached, and whether it was. */
  readonly goal?: { readonly said: string; readonly met: boolean };
};

export type Measured = {
  readonly figures: readonly Figure[];
  /** What a reader has to know to judge the figures. */
  readonly notes?: readonly string[];
};

export type Benchmark = {
  readonly name: string;
  readonly title: string;
  /** Servers that must run; their addresses are in the environment when `run` is called. */
  readonly servers: readonly ServerName[];
  run(): Promise<Measured>;
};
