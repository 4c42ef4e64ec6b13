import type { Pool } from "pg";
import type { BackendKind } from "../domain/plan.ts";

/** A backend as a worker last saw it. */
export type BackendReport = {
  readonly backend: BackendKind;
  readonly healthy: boolean;
  /** Why it is not. */
  readonly message: string | null;
  readonly version: string | null;
  /** What is in use of it: bytes and counts. */
  readonly used: Readonly<Record<string, number>>;
};

export type SeenBackend = BackendReport & { readonly seenAt: Date };

/** Rows in the control database: workers reach the backends, the API shows them. */
export interface BackendReports {
  put(report: BackendReport): Promise<void>;
  all(): Promise<readonly SeenBackend[]>;
}

export function backendReports(pool: Pool): BackendReports {
  return {
    async put({ backend, healthy, message, version, used }) {
      await pool.query(
        `insert into control.backends (backend, seen_at, healthy, message, version, used)
         values ($1, now(), $2, $3, $4, $5)
         on conflict (backend) do update
           set seen_at = now(), healthy = $2, message = $3, version = $4, used = $5`,
        [backend, healthy, message, version, JSON.stringify(used)],
      );
    },
    async all() {
      const { rows } = await pool.query<SeenBackend>(
        `select backend, seen_at as "seenAt", healthy, message, version, used from control.backends`,
      );
      return rows;
    },
  };
}
