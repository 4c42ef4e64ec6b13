import { readFileSync } from "node:fs";
import type { Pool, PoolClient } from "pg";
import { unavailable } from "../ask.ts";
import { exclusively } from "../write-ahead-log/exclusively.ts";
import { isMissingPartition } from "../write-ahead-log/segments.ts";

export type NewKey = { readonly id: string; readonly publishedAtMs: number };

/** `fresh`, `left`: it is the asker's now; of `left` nobody knows whether it was published. */
export type Claim = {
  readonly verdict: "fresh" | "done" | "busy" | "left";
  /** As it was claimed first. */
  readonly publishedAtMs: number;
  /** Where it is in the backend, of those that are `done`. */
  readonly place: string | null;
};

/** Which messages with an idempotency key were published, of one namespace, for at least 24 hours. */
export interface PublishKeys {
  /** An answer for each, in their order. The ids of one call are distinct. */
  claim(keys: readonly NewKey[]): Promise<readonly Claim[]>;
  /** Whoever claimed these is still at it. */
  renew(ids: readonly string[]): Promise<void>;
  /** They are in the backend, each at its place. */
  settle(placed: ReadonlyMap<string, string>): Promise<void>;
  /** It was certainly not published: the key is free again. */
  release(id: string): Promise<void>;
}

// Whoever is killed says nothing more; whoever lives says so every second.
export const renewMs = 1_000;
const patienceMs = 5_000;
const days = "day in (prism_log.key_day(), prism_log.key_day() - 1)";
const tables = readFileSync(new URL("./tables.sql", import.meta.url), "utf8");

export function publishKeys(pool: Pool, namespace: string): PublishKeys {
  let ready: Promise<void> | undefined;

  const prepared = (): Promise<void> => {
    ready ??= prepare(pool).catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };

  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      await prepared();
      return await question();
    } catch (cause) {
      throw unavailable("Postgres", `${what} of ${namespace}`, cause);
    }
  };

  const claim = async (keys: readonly NewKey[]): Promise<readonly Claim[]> => {
    const { rows } = await pool.query<{
      verdict: Claim["verdict"];
      first_at_ms: string;
      place: string | null;
    }>({
      name: "prism-claim-keys",
      text: "select verdict, first_at_ms, known_place as place from prism_log.claim_keys($1, $2, $3, $4)",
      values: [
        namespace,
        keys.map(({ id }) => id),
        keys.map(({ publishedAtMs }) => publishedAtMs),
        patienceMs,
      ],
    });
    return rows.map(({ verdict, first_at_ms, place }) => ({
      verdict,
      publishedAtMs: Number(first_at_ms),
      place,
    }));
  };

  return {
    claim: (keys) =>
      ask("claim keys", async () => {
        try {
          return await claim(keys);
        } catch (error) {
          if (!isMissingPartition(error)) throw error;
          // A day has begun that nobody has made yet.
          await prepare(pool);
          return claim(keys);
        }
      }),
    renew: (ids) =>
      ask("renew keys", async () => {
        await pool.query(
          `update prism_log.keyed set claimed_at = clock_timestamp() where ${days} and message_id = any($1::uuid[])`,
          [ids],
        );
      }),
    settle: (placed) =>
      ask("settle keys", async () => {
        await pool.query(
          `update prism_log.keyed k set place = p.place from unnest($1::uuid[], $2::text[]) p(id, place)
           where ${days} and k.message_id = p.id`,
          [[...placed.keys()], [...placed.values()]],
        );
      }),
    release: (id) =>
      ask("release a key", async () => {
        await pool.query(`delete from prism_log.keyed where ${days} and message_id = $1 and place is null`, [
          id,
        ]);
      }),
  };
}

/** Nobody asks for a deleted namespace's keys any more. Again is no mistake. */
export async function forgetKeys(pool: Pool, namespace: string): Promise<void> {
  try {
    const { rows } = await pool.query("select to_regclass('prism_log.keyed') as found");
    if (rows[0]?.found === null) return;
    await pool.query("delete from prism_log.keyed where namespace = $1", [namespace]);
  } catch (cause) {
    throw unavailable("Postgres", `forget the keys of ${namespace}`, cause);
  }
}

const prepare = (pool: Pool): Promise<void> =>
  exclusively(pool, "publish keys", async (client) => {
    await client.query(tables);
    const { rows } = await client.query<{ today: number }>("select prism_log.key_day() as today");
    const today = rows[0]?.today ?? 0;
    for (const day of [today, today + 1]) {
      await client.query(
        `create table if not exists prism_log.keyed_${day} partition of prism_log.keyed for values in (${day})`,
      );
    }
    await dropBefore(client, today - 1);
  });

/** It waits for whoever publishes, who then waits for it: not for long, and the next day again. */
async function dropBefore(client: PoolClient, day: number): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'prism_log' and c.relname ~ '^keyed_\\d+$' and split_part(c.relname, '_', 2)::int < $1`,
    [day],
  );
  for (const { name } of rows) {
    await client
      .query(`begin; set local lock_timeout = '50ms'; drop table prism_log.${name}; commit`)
      .catch(() => client.query("rollback"));
  }
}
