import type { Pool } from "pg";
import type { NewRecord } from "../../backends/log.ts";
import { keep } from "../../backends/write-ahead-log/keep.ts";
import { sentAgainMs } from "../../backends/write-ahead-log/operate.ts";
import { postgresLog } from "../../backends/write-ahead-log/postgres-log.ts";
import type { WriteAheadLog } from "../../backends/write-ahead-log/write-ahead-log.ts";
import type { PatternType } from "../../domain/plan.ts";
import { postgresTable } from "../../domain/selection/names.ts";
import type { Entry, Pattern as PlannedPattern } from "../../proto/gen/prism/control/v1/control_pb.js";
import type { Failpoint } from "../failpoint.ts";
import type { LogMetrics } from "../log-metrics.ts";
import type { Lookout } from "../lookout.ts";
import { relay } from "../relay.ts";
import { logPattern } from "./log-pattern.ts";
import type { Pattern } from "./pattern.ts";

/** What patterns are built with. */
export type Tools = {
  /** The data database. */
  readonly data: Pool;
  readonly lookout: Lookout;
  /** How long a log keeps what is in the backend: so much can be sent again. Default: an hour. */
  readonly windowMs?: number | undefined;
  /** The way to the namespace's backend, for what a log has kept. */
  readonly send: (records: readonly NewRecord[]) => Promise<void>;
  readonly failpoint: Failpoint;
  readonly metrics: LogMetrics;
  readonly troubled: (error: Error) => void;
};

const mostBytes = 10n * 1024n ** 3n;
// At rest a log only ages.
const restMs = 60_000;
const dayMs = 24 * 3_600_000;

/** Acknowledged on disk, whatever the backend does; carried on from there. */
export function wal({ config }: PlannedPattern, entry: Entry, tools: Tools): Pattern {
  const replayed = entry.patterns.find(({ type }) => type === "replay-store");
  return throughLog("wal", entry, tools, {
    table: postgresTable("wal", entry.namespace),
    replay: replayed && postgresTable("replay", entry.namespace),
    replayMs: replayed && retentionMs(replayed),
    durable: config?.["fsync_enabled"] !== false,
  });
}

/**
 * Keeps what was published, so that a group may begin anywhere in it. With a WAL before it
 * it takes over the log's old segments; alone it is the log itself, and its word is as good
 * as an acknowledgement before the fsync.
 */
export function replayStore(planned: PlannedPattern, entry: Entry, tools: Tools): Pattern {
  if (entry.patterns.some(({ type }) => type === "wal")) return { name: "replay-store" };
  const table = postgresTable("replay", entry.namespace);
  const replayMs = retentionMs(planned);
  return throughLog("replay-store", entry, tools, { table, replay: table, replayMs, durable: false });
}

type Kept = {
  readonly table: string;
  readonly replay: string | undefined;
  readonly replayMs: number | undefined;
  readonly durable: boolean;
};

function throughLog(name: PatternType, entry: Entry, tools: Tools, kept: Kept): Pattern {
  const { namespace, incarnation, ordered } = entry;
  const { data: pool, lookout, windowMs = sentAgainMs, failpoint, metrics, troubled } = tools;
  const partitions = partitionsOf(entry);
  const log = postgresLog({ pool, namespace, incarnation, partitions, ...kept });
  const passed = relay({
    namespace,
    incarnation,
    ordered,
    log,
    send: tools.send,
    keep: seldomAtRest(log, (relayed) => keep({ pool, namespace, ...kept, windowMs, mostBytes }, relayed)),
    failpoint: (step, moment) => failpoint(step, moment, namespace),
    relayed: (entries) => metrics.relayed(namespace, entries),
    troubled,
  });
  return logPattern({
    name,
    namespace,
    log,
    relay: passed,
    lookout,
    failpoint: (moment) => failpoint("append", moment, namespace),
    metrics,
    troubled,
    mostBytes,
    replays: kept.replay !== undefined,
  });
}

type Round = (relayed: bigint) => Promise<void>;

/** Rounds of housekeeping as they come, but only now and then while nothing is added and nothing is to be relayed. */
export function seldomAtRest(log: Pick<WriteAheadLog, "standing">, round: Round): Round {
  let last = { relayed: -1n, at: Number.NEGATIVE_INFINITY };
  return async (relayed) => {
    const now = performance.now();
    const recent = relayed === last.relayed && now < last.at + restMs;
    if (recent && (await log.standing()).head === relayed) return;
    await round(relayed);
    last = { relayed, at: now };
  };
}

/** Of the backend, as planned; `undefined`: it has none, or nobody has counted them. */
export function partitionsOf({ backend }: Entry): number | undefined {
  const partitions = backend?.config?.["partitions"];
  return typeof partitions === "number" ? partitions : undefined;
}

/** `null`: for ever. */
function retentionMs({ config }: PlannedPattern): number | undefined {
  const days = config?.["retention_days"];
  return typeof days === "number" ? days * dayMs : undefined;
}
