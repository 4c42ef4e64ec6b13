import type { KurrentDBClient } from "@kurrent/kurrentdb-client";

/** What the adapter needs of the vendor's client. */
export type KurrentClient = Pick<
  KurrentDBClient,
  "appendToStream" | "readStream" | "readAll" | "subscribeToAll" | "dispose"
>;

/**
 * Loaded on first use: it brings a native library, which a Prism on Postgres neither needs nor has to have.
 * `kurrentdb://host:port?tls=false`, `kurrentdb+discover://…`, `esdb://…` as the vendor documents them.
 */
export async function kurrentClient(url: string): Promise<KurrentClient> {
  const { KurrentDBClient } = await import("@kurrent/kurrentdb-client");
  return KurrentDBClient.connectionString(url);
}
