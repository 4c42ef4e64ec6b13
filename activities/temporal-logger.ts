import { DefaultLogger, type Logger } from "@temporalio/worker";
import type { Log } from "../runtime/log.ts";

const levels = { TRACE: "trace", DEBUG: "debug", INFO: "info", WARN: "warn", ERROR: "error" } as const;

/** What the Temporal SDK says, in our lines. */
export const temporalLogger = (log: Log): Logger =>
  new DefaultLogger("INFO", ({ level, message, meta }) => log[levels[level]]({ temporal: meta }, message));
