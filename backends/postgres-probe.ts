import type { Pool } from "pg";
import { postgresSchema, postgresTable } from "../domain/selection/names.ts";
import type { Log } from "./log.ts";
import { quoted } from "./postgres-place.ts";
import { probeTable } from "./postgres-schema.ts";
import { probeLog, probeTopic } from "./probe-log.ts";

/** Pools of the proxy's, which outlive every namespace. */
export type PostgresProbeOptions = { readonly pool: Pool; readonly namespace: string };

/** A key-value namespace in Postgres, until its service is there: the probe is a row of its table. */
export function keyvalueProbe({ pool, namespace }: PostgresProbeOptions): Log {
  const table = quoted(postgresTable("kv", namespace));
  const put = `insert into ${table} (key, value, version, expires_at, updated_at)
     values ($1, convert_to($2, 'UTF8'), 1, now() + interval '1 minute', now())
     on conflict (key) do update
     set value = excluded.value, expires_at = excluded.expires_at, updated_at = excluded.updated_at`;
  return inTable(pool, put, `select convert_from(value, 'UTF8') as text from ${table} where key = $1`);
}

/** A namespace with a schema of its own in the tenant database: beside its tables, where its SQL has no rights. */
export function schemaProbe({ pool, namespace }: PostgresProbeOptions): Log {
  const table = `${quoted(postgresSchema(namespace))}.${probeTable}`;
  const put = `insert into ${table} values ($1, $2::jsonb) on conflict (topic) do update set record = excluded.record`;
  return inTable(pool, put, `select record::text as text from ${table} where topic = $1`);
}

const inTable = (pool: Pool, put: string, get: string): Log =>
  probeLog({
    name: "Postgres",
    backend: "postgres",
    put: (text) => pool.query(put, [probeTopic, text]),
    get: async () => (await pool.query<{ text: string }>(get, [probeTopic])).rows[0]?.text ?? null,
    close: async () => {},
  });
