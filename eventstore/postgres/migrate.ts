import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pool, PoolClient } from "pg";
import { PrismError } from "../../domain/errors.ts";
import { advisoryLocks, transaction } from "./transaction.ts";

export type Migrations = {
  /** Where the tables and the list of what was applied live; created if it is missing. */
  readonly schema: string;
  /** Holds `NNN-what.sql`, applied in the order of their numbers, each once. */
  readonly folder: string;
};

type Step = { readonly number: number; readonly name: string; readonly sql: string; readonly digest: string };

/**
 * Brings a schema to the state the folder describes. Several processes may call it at once: the first does the
 * work in one transaction, the others wait for it. A step that was changed after it was applied is refused.
 */
export async function migrate(pool: Pool, { schema, folder }: Migrations): Promise<void> {
  const steps = await readSteps(folder);
  if ((await pending(pool, schema, steps)).length === 0) return;
  await transaction(pool, async (client) => {
    await client.query("select pg_advisory_xact_lock($1)", [advisoryLocks.migrate]);
    await client.query(`create schema if not exists ${schema}`);
    await client.query(
      `create table if not exists ${schema}.migrations (
         number integer primary key, name text not null, digest text not null, applied_at timestamptz not null default now())`,
    );
    for (const step of await pending(client, schema, steps)) await apply(client, schema, step);
  });
}

async function apply(client: PoolClient, schema: string, { number, name, sql, digest }: Step): Promise<void> {
  await client.query(sql);
  await client.query(`insert into ${schema}.migrations (number, name, digest) values ($1, $2, $3)`, [
    number,
    name,
    digest,
  ]);
}

async function pending(
  on: Pool | PoolClient,
  schema: string,
  steps: readonly Step[],
): Promise<readonly Step[]> {
  const { rows: found } = await on.query<{ there: boolean }>(`select to_regclass($1) is not null as there`, [
    `${schema}.migrations`,
  ]);
  if (found[0]?.there !== true) return steps;
  const { rows } = await on.query<{ number: number; digest: string }>(
    `select number, digest from ${schema}.migrations`,
  );
  const applied = new Map(rows.map(({ number, digest }) => [number, digest]));
  const changed = steps.find(({ number, digest }) => applied.has(number) && applied.get(number) !== digest);
  if (changed !== undefined) {
    throw new PrismError(
      "INTERNAL",
      `migration ${changed.name} of schema ${schema} was changed after it was applied`,
    );
  }
  return steps.filter(({ number }) => !applied.has(number));
}

async function readSteps(folder: string): Promise<readonly Step[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{3}-.+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), "utf8");
      return {
        number: Number(name.slice(0, 3)),
        name,
        sql,
        digest: createHash("sha256").update(sql).digest("hex"),
      };
    }),
  );
}
