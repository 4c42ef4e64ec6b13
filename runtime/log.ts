import { type Logger, pino } from "pino";
import { traceFields } from "./tracing.ts";

export type Log = Logger;

/**
 * JSON lines on standard output. The fields people search by are `level`, `namespace`,
 * `api`, `operation`, `latency_ms`, `backend`, `trace_id`. Payloads and tokens never
 * appear: what could hold one is redacted, should somebody log it by mistake.
 */
export function log(process: "api" | "worker" | "proxy", level = "info"): Log {
  return pino({
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceFields,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ["payload", "*.payload", "authorization", "*.authorization", "token", "*.token", "password"],
    },
  });
}
