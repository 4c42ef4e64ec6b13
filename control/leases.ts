import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { PrismError } from "../domain/errors.ts";
import { migrate } from "../eventstore/postgres/migrate.ts";
import { transaction } from "../eventstore/postgres/transaction.ts";

/** A proxy as the control plane last heard of it. */
export type ProxyLease = {
  readonly proxy: string;
  readonly shard: string;
  /** host:port of prism.v1, as clients reach it. */
  readonly address: string;
  /** host:port where the control plane, and nobody else, may probe. */
  readonly probeAddress: string;
  readonly region: string;
  readonly leaseUntil: Date;
  /** The directory is in force there up to this version. */
  readonly appliedVersion: bigint;
  /** 0 to 100. */
  readonly load: number;
  readonly healthy: boolean;
  /** Namespaces it cannot serve, and why. */
  readonly refused: Readonly<Record<string, string>>;
  /** Calls still under way, by namespace that drains. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** It is to take nothing new: nobody is sent there. */
  readonly draining: boolean;
  /** What it then still has under way; null: it has not heard of it, or is in use. */
  readonly underWay: number | null;
};

/** Where clients may be sent. */
export const inUse = <Proxy extends Pick<ProxyLease, "draining">>(proxies: readonly Proxy[]) =>
  proxies.filter(({ draining }) => !draining);

/** `silent`: its lease has run out, and it may serve on what it last heard. */
export type KnownProxy = ProxyLease & { readonly state: "live" | "silent" | "evicted" };

/** `forMs`: how much longer it may serve if it is not heard again. */
export type ServingProxy = ProxyLease & { readonly forMs: number };

export type Renewal = Omit<ProxyLease, "leaseUntil" | "draining"> & { readonly leaseMs: number };

export type Renewed = {
  readonly counted: boolean;
  readonly draining: boolean;
  /** Which renewal it was. */
  readonly renewal: string;
};

/** Who is alive and what they have acknowledged: rows in the control database, polled by activities. */
export interface Leases {
  /**
   * From its answer on, whoever takes something away waits for this proxy. `counted`: so it was before,
   * too; where it was not, something may have been taken away that the proxy has not heard of.
   */
  renew(renewal: Renewal): Promise<Renewed>;
  /**
   * The proxy has said goodbye: nobody waits for it any longer, unless it has been renewed since its `renewal`.
   * A goodbye may come so late that the proxy has long begun again.
   */
  release(proxy: string, renewal: string): Promise<void>;
  /**
   * Whether it is to take nothing new, from its next renewal on. `last`: nobody else would serve its
   * shard, so it is not drained; of two that are drained at once, one is the last.
   */
  drain(proxy: string, draining: boolean): Promise<"changed" | "same" | "last">;
  /** Somebody says that it is dead: as if it had said goodbye, until it is heard again. `false`: its lease runs. */
  evict(proxy: string): Promise<boolean>;
  /** All that were heard within a day and have not said goodbye; of those somebody said are dead, that too. */
  known(): Promise<readonly KnownProxy[]>;
  /**
   * A control plane begins: nobody could renew while there was none. A lease that ran when
   * one was last heard runs for a whole period more.
   */
  resume(leaseMs: number): Promise<void>;
  /** Proxies whose lease runs; of one shard or of all. */
  live(shard?: string): Promise<readonly ProxyLease[]>;
  /**
   * Proxies of a shard that may serve on what they last heard: those whose lease runs, or ended no
   * longer than a stale limit ago. Who said goodbye is none of them.
   */
  mayServe(shard: string, staleLimitMs: number): Promise<readonly ServingProxy[]>;
}

const columns =
  "proxy, shard, address, probe_address, region, lease_until, applied_version, load, healthy, refused, in_flight, under_way";

export function leases(pool: Pool): Leases {
  return {
    async renew(r) {
      const { rows } = await ask("renew a lease", () =>
        pool.query<Renewed>(
          `with before as (select lease_until > now() as counted from control.proxies where proxy = $1)
           insert into control.proxies (${columns}, joined_at, renewed_at)
           values ($1, $2, $3, $4, $5, now() + $6 * interval '1 ms', $7, $8, $9, $10, $11, $12, now(), now())
           on conflict (proxy) do update set shard = $2, address = $3, probe_address = $4, region = $5,
             lease_until = now() + $6 * interval '1 ms', applied_version = $7, load = $8, healthy = $9,
             refused = $10, in_flight = $11, under_way = $12, renewed_at = now(), evicted_at = null
           returning coalesce((select counted from before), false) as counted, draining, renewed_at::text as renewal`,
          [
            r.proxy,
            r.shard,
            r.address,
            r.probeAddress,
            r.region,
            r.leaseMs,
            String(r.appliedVersion),
            r.load,
            r.healthy,
            JSON.stringify(r.refused),
            JSON.stringify(r.inFlight),
            r.underWay,
          ],
        ),
      );
      return rows[0] as Renewed;
    },

    async release(proxy, renewal) {
      await ask("release a lease", () =>
        // As if it had ended with its last renewal, so that `resume` does not bring it back.
        pool.query(
          "update control.proxies set lease_until = renewed_at where proxy = $1 and renewed_at = $2::timestamptz",
          [proxy, renewal],
        ),
      );
    },

    drain: (proxy, draining) =>
      ask("drain a proxy", () =>
        transaction(pool, async (client) => {
          const { rows } = await client.query<Pick<Row, "proxy" | "draining"> & { live: boolean }>(
            `select proxy, draining, lease_until > now() as live from control.proxies
             where shard = (select shard from control.proxies where proxy = $1) order by proxy for update`,
            [proxy],
          );
          if (rows.some((one) => one.proxy === proxy && one.draining === draining)) return "same";
          const others = inUse(rows).filter((one) => one.live && one.proxy !== proxy);
          if (draining && others.length === 0) return "last";
          // What it said of a former drain is not true of this one.
          await client.query("update control.proxies set under_way = null, draining = $2 where proxy = $1", [
            proxy,
            draining,
          ]);
          return "changed";
        }),
      ),

    async evict(proxy) {
      const { rowCount } = await ask("evict a proxy", () =>
        pool.query(
          `update control.proxies set lease_until = renewed_at, evicted_at = now()
           where proxy = $1 and lease_until <= now()`,
          [proxy],
        ),
      );
      return rowCount === 1;
    },

    async known() {
      const { rows } = await ask("look up proxies", () =>
        pool.query<Row & { state: KnownProxy["state"] }>(
          `select ${columns}, draining, case when evicted_at is not null then 'evicted' when lease_until > now() then 'live'
             else 'silent' end as state
           from control.proxies
           where (lease_until > renewed_at or evicted_at is not null) and renewed_at > now() - interval '1 day'
           order by proxy`,
        ),
      );
      return rows.map((row) => ({ ...proxyOf(row), state: row.state }));
    },

    async resume(leaseMs) {
      await ask("resume leases", () =>
        pool.query(
          `update control.proxies set lease_until = now() + $1 * interval '1 ms'
           where lease_until > (select max(renewed_at) from control.proxies)
             and lease_until < now() + $1 * interval '1 ms'`,
          [leaseMs],
        ),
      );
    },

    async live(shard) {
      const { rows } = await ask("look up live proxies", () =>
        pool.query<Row>(
          `select ${columns}, draining from control.proxies
           where lease_until > now() and ($1::text is null or shard = $1) order by proxy`,
          [shard ?? null],
        ),
      );
      return rows.map(proxyOf);
    },

    async mayServe(shard, staleLimitMs) {
      const { rows } = await ask("look up proxies that may serve", () =>
        pool.query<Row & { for_ms: string }>(
          `with known as (
             select *, lease_until + ($2 + ${clockMarginMs}) * interval '1 ms' - now() as remaining
             from control.proxies where lease_until > renewed_at and shard = $1
           )
           select ${columns}, extract(epoch from remaining) * 1000 as for_ms from known
           where remaining > interval '0' order by proxy`,
          [shard, staleLimitMs],
        ),
      );
      return rows.map((row) => ({ ...proxyOf(row), forMs: Number(row.for_ms) }));
    },
  };
}

/** A proxy measures from sending its renewal, the control plane from answering it. */
const clockMarginMs = 2_000;

/** Makes the tables; several processes may do so at once. */
export const migrateControl = (pool: Pool): Promise<void> =>
  ask("prepare the control database", () => migrate(pool, { schema: "control", folder: migrations }));

const migrations = fileURLToPath(new URL("./migrations", import.meta.url));

type Row = {
  proxy: string;
  shard: string;
  address: string;
  probe_address: string;
  region: string;
  lease_until: Date;
  applied_version: string;
  load: number;
  healthy: boolean;
  refused: Record<string, string>;
  in_flight: Record<string, number>;
  draining: boolean;
  under_way: number | null;
};

const proxyOf = (row: Row): ProxyLease => ({
  proxy: row.proxy,
  shard: row.shard,
  address: row.address,
  probeAddress: row.probe_address,
  region: row.region,
  leaseUntil: row.lease_until,
  appliedVersion: BigInt(row.applied_version),
  load: row.load,
  healthy: row.healthy,
  refused: row.refused,
  inFlight: row.in_flight,
  draining: row.draining,
  underWay: row.under_way,
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
