import type { Warning } from "../plan.ts";

/** What was made smaller than asked, and so deserves a line of its own. */
export type Sized = { readonly value: number; readonly because: string; readonly warning?: Warning };

/** The larger of the two rates decides (R16). */
export function partitions(
  asked: { writeRps: number; readRps: number; exactly?: number | undefined; rpsPerPartition: number },
  most: number | undefined,
): Sized {
  const { writeRps, readRps, exactly, rpsPerPartition } = asked;
  const wanted = exactly ?? Math.max(1, Math.ceil(Math.max(writeRps, readRps) / rpsPerPartition));
  const because =
    exactly === undefined
      ? `max(${writeRps} writes, ${readRps} reads) per second / ${rpsPerPartition} = ${wanted}`
      : `${exactly} were asked for`;
  if (most === undefined || wanted <= most) return { value: wanted, because };
  const message = `${wanted} partitions are capped at ${most}, the most a topic may have`;
  return {
    value: most,
    because: `${because}, capped at ${most}`,
    warning: { field: "backend.config.partitions", message },
  };
}

/** A copy needs a server of its own. */
export function replication(
  wanted: number,
  because: string,
  brokers: number,
  field = "backend.config.replication",
): Sized {
  if (wanted <= brokers) return { value: wanted, because };
  const servers = brokers === 1 ? "there is 1 server" : `there are ${brokers} servers`;
  return {
    value: brokers,
    because: `${because}, clamped to ${brokers}: ${servers}`,
    warning: { field, message: `${wanted} replicas are clamped to ${brokers}: ${servers}` },
  };
}
