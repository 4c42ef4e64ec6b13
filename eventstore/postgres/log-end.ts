import type { PoolClient } from "pg";
import type { Append, LogEnd } from "../decide-append.ts";
import { type RecordedRow, recordedColumns, recordedEvent } from "./recorded-row.ts";

/** One statement for all that has to be known: the log's last event, each stream's last, and those with a wanted id. */
const readLogEnd = `
  select 'log' as part, now, ${recordedColumns.replace("data, metadata", "null::json as data, null::json as metadata")}
    from (select date_trunc('milliseconds', clock_timestamp()) as now) clock
    left join lateral (select * from eventstore.events order by position desc limit 1) last on true
  union all
  select 'stream', null, ${recordedColumns.replace("data, metadata", "null, null")}
    from (select distinct unnest($1::text[]) collate "C" as wanted) streams
    cross join lateral (select * from eventstore.events where stream = wanted order by revision desc limit 1) last
  union all
  select 'id', null, ${recordedColumns} from eventstore.events where id = any($2::uuid[])`;

/**
 * What the appends are decided on. Must run in a statement of its own after the lock was granted: a statement
 * that waits for the lock itself would still see the log as it was before the wait.
 */
export async function logEnd(
  client: PoolClient,
  appends: readonly Append[],
): Promise<{ log: LogEnd; now: Date }> {
  const { rows } = await client.query<RecordedRow & { part: "log" | "stream" | "id"; now: Date }>({
    name: "eventstore-log-end",
    text: readLogEnd,
    values: [
      appends.map(({ stream }) => stream),
      appends.flatMap(({ events }) => events.map(({ id }) => id)),
    ],
  });
  const log: LogEnd = { position: 0n, recordedAt: new Date(0), streams: new Map(), byId: new Map() };
  let now = new Date(0);
  for (const row of rows) {
    if (row.part === "log") {
      now = row.now;
      if (row.position !== null)
        Object.assign(log, { position: BigInt(row.position), recordedAt: row.recorded_at });
    } else if (row.part === "stream") {
      log.streams.set(row.stream, {
        revision: BigInt(row.revision),
        position: BigInt(row.position),
        hash: row.hash,
      });
    } else {
      log.byId.set(row.id, recordedEvent(row));
    }
  }
  return { log, now };
}
