import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { PrismError } from "../domain/errors.ts";
import { migrate } from "../eventstore/postgres/migrate.ts";

/** A proxy as the control plane last heard of it. */
export type ProxyLease = {
  readonly proxy: string;
  readonly shard: string;
  /** host:port of prism.v1, as clients reach it. */
  readonly address: string;
  readonly region: string;
  readonly leaseUntil: Date;
  /** The directory is in force there up to this version. */
  readonly appliedVersion: bigint;
  /** 0 to 100. */
  readonly load: number;
  readonly healthy: boolean;
  /** Namespaces it cannot serve, and why. */
  readonly refused: Readonly<Record<string, string>>;
};

export type Renewal = Omit<ProxyLease, "leaseUntil"> & { readonly leaseMs: number };

/** Who is alive and what they have acknowledged: rows in the control database, polled by activities. */
export interface Leases {
  renew(renewal: Renewal): Promise<void>;
  /** The proxy has said goodbye: nobody waits for it any longer. */
  release(proxy: string): Promise<void>;
  /** Proxies whose lease runs; of one shard or of all. */
  live(shard?: string): Promise<readonly ProxyLease[]>;
}

const columns = "proxy, shard, address, region, lease_until, applied_version, load, healthy, refused";

export function leases(pool: Pool): Leases {
  return {
    async renew(r) {
      await ask("renew a lease", () =>
        pool.query(
          `insert into control.proxies (${columns}, joined_at, renewed_at)
           values ($1, $2, $3, $4, now() + $5 * interval '1 ms', $6, $7, $8, $9, now(), now())
           on conflict (proxy) do update set shard = $2, address = $3, region = $4,
             lease_until = now() + $5 * interval '1 ms', applied_version = $6, load = $7, healthy = $8,
             refused = $9, renewed_at = now()`,
          [
            r.proxy,
            r.shard,
            r.address,
            r.region,
            r.leaseMs,
            String(r.appliedVersion),
            r.load,
            r.healthy,
            JSON.stringify(r.refused),
          ],
        ),
      );
    },

    async release(proxy) {
      await ask("release a lease", () =>
        pool.query("update control.proxies set lease_until = now() where proxy = $1", [proxy]),
      );
    },

    async live(shard) {
      const { rows } = await ask("look up live proxies", () =>
        pool.query<Row>(
          `select ${columns} from control.proxies
           where lease_until > now() and ($1::text is null or shard = $1) order by proxy`,
          [shard ?? null],
        ),
      );
      return rows.map(proxyOf);
    },
  };
}

/** Makes the tables; several processes may do so at once. */
export const migrateControl = (pool: Pool): Promise<void> =>
  ask("prepare the control database", () => migrate(pool, { schema: "control", folder: migrations }));

const migrations = fileURLToPath(new URL("./migrations", import.meta.url));

type Row = {
  proxy: string;
  shard: string;
  address: string;
  region: string;
  lease_until: Date;
  applied_version: string;
  load: number;
  healthy: boolean;
  refused: Record<string, string>;
};

const proxyOf = (row: Row): ProxyLease => ({
  proxy: row.proxy,
  shard: row.shard,
  address: row.address,
  region: row.region,
  leaseUntil: row.lease_until,
  appliedVersion: BigInt(row.applied_version),
  load: row.load,
  healthy: row.healthy,
  refused: row.refused,
});

async function ask<T>(what: string, query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    throw new PrismError("BACKEND_UNAVAILABLE", `could not ${what}: the control database did not answer`, {
      cause,
    });
  }
}
