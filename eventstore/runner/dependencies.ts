import type { Pool } from "pg";
import type { EventStore } from "../event-store.ts";
import type { LeaderLocks } from "./leader-locks.ts";
import type { ProjectionLog } from "./log.ts";

export type LeadDependencies = {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly locks: LeaderLocks;
  readonly log: ProjectionLog;
  /** Resolves once the schema is there. */
  readonly ready: () => Promise<void>;
  /** From one verification to the next. */
  readonly verifyMs: number;
};
