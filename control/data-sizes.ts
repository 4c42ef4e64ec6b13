import type { Pool } from "pg";
import { transaction } from "../eventstore/postgres/transaction.ts";

/** One resource as it was last measured. `measured_at`: RFC 3339. */
export type MeasuredResource = {
  readonly bytes: number;
  readonly estimated: boolean;
  readonly measured_at: string;
};

/** What a life of a namespace keeps in all backends together, and what it reserved when that was reckoned. */
export type DataSize = {
  readonly namespace: string;
  readonly incarnation: number;
  readonly dataBytes: number;
  readonly dataSizeBytes: number;
  /** By their keys; never empty. What could not be measured lately is as old as it says. */
  readonly resources: Readonly<Record<string, MeasuredResource>>;
};

/** What namespaces in use keep, as the last sweeps measured it. */
export interface DataSizes {
  all(): Promise<readonly DataSize[]>;
  of(namespaces: readonly string[]): Promise<readonly DataSize[]>;
  /** All there is from now on: what is not among them is forgotten. */
  keep(sizes: readonly DataSize[]): Promise<void>;
}

const columns = `namespace, incarnation, data_bytes::float8 as "dataBytes", data_size_bytes::float8 as "dataSizeBytes", resources`;

export const dataSizes = (pool: Pool): DataSizes => ({
  async all() {
    return (await pool.query<DataSize>(`select ${columns} from control.data_sizes`)).rows;
  },
  async of(namespaces) {
    const query = `select ${columns} from control.data_sizes where namespace = any ($1)`;
    return (await pool.query<DataSize>(query, [namespaces])).rows;
  },
  keep: (sizes) =>
    transaction(pool, async (client) => {
      // One at a time: two that delete and insert side by side would meet at the same key.
      await client.query("lock table control.data_sizes in share row exclusive mode");
      await client.query("delete from control.data_sizes");
      await client.query(
        `insert into control.data_sizes
         select namespace, incarnation, "dataBytes", "dataSizeBytes", resources from jsonb_to_recordset($1)
           as each(namespace text, incarnation int, "dataBytes" bigint, "dataSizeBytes" bigint, resources jsonb)`,
        [JSON.stringify(sizes)],
      );
    }),
});
