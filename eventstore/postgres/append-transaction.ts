import type { Pool, PoolClient } from "pg";
import { type Append, decideAppend, type Verdict } from "../decide-append.ts";
import { logEnd } from "./log-end.ts";
import { advisoryLocks, transaction } from "./transaction.ts";

export const notifyChannel = "prism_eventstore";

/**
 * The lock is taken before anything is read and is held to the end of the commit: whoever gets it next sees all
 * that was decided under it, and so the order of positions is the order of commits.
 *
 * A writer that is frozen while it holds the lock is cut off by the server, or nobody could append.
 */
const beginLocked = `
  begin isolation level read committed;
  set local lock_timeout = '10s';
  set local idle_in_transaction_session_timeout = '5s';
  select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off';
  select pg_advisory_xact_lock(${advisoryLocks.append})`;

const insertEvents = `
  with added as (
    insert into eventstore.events (position, stream, revision, id, type, data, metadata, bytes, recorded_at, hash)
    select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::json[], $7::json[],
                         $8::integer[], $9::timestamptz[], $10::text[])
  )
  select pg_notify('${notifyChannel}', $11)`;

/** Decides each append by itself and stores what was accepted, all in one transaction. */
export const appendTransaction = (
  pool: Pool,
  appends: readonly Append[],
  clock: (() => Date) | undefined,
): Promise<readonly Verdict[]> =>
  transaction(
    pool,
    async (client) => {
      const { log, now } = await logEnd(client, appends);
      const time = clock?.() ?? now;
      const verdicts = appends.map((append) => decideAppend(log, append, time));
      await insert(client, appends, verdicts);
      return verdicts;
    },
    beginLocked,
  );

async function insert(
  client: PoolClient,
  appends: readonly Append[],
  verdicts: readonly Verdict[],
): Promise<void> {
  const added = verdicts.flatMap((verdict, index) => {
    if (verdict.kind !== "new") return [];
    const prepared = appends[index]?.events ?? [];
    return verdict.events.flatMap((event, place) => {
      const text = prepared[place];
      return text === undefined ? [] : [{ ...event, ...text }];
    });
  });
  if (added.length === 0) return;
  await client.query({
    name: "eventstore-insert",
    text: insertEvents,
    values: [
      added.map(({ position }) => position),
      added.map(({ stream }) => stream),
      added.map(({ revision }) => revision),
      added.map(({ id }) => id),
      added.map(({ type }) => type),
      added.map(({ dataText }) => dataText),
      added.map(({ metadataText }) => metadataText),
      added.map(({ bytes }) => bytes),
      added.map(({ recordedAt }) => recordedAt),
      added.map(({ hash }) => hash),
      String(added.at(-1)?.position),
    ],
  });
}
