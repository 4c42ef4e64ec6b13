import type { Pool } from "pg";
import type { Failure, Workflow } from "../domain/namespace/event-data.ts";
import type { BackendKind } from "../domain/plan.ts";
import type { Asked, FindingClass, FleetFinding } from "../domain/reconcile/finding.ts";
import { transaction } from "../eventstore/postgres/transaction.ts";

export type Sweep = {
  readonly id: string;
  readonly requestedBy: string;
  readonly state: "pending" | "running" | "succeeded" | "failed";
  readonly askedAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly workflow: Workflow;
  readonly error: Failure | null;
  /** Backends that did not answer: what was found in them before stands. */
  readonly unseen: Readonly<Partial<Record<BackendKind, string>>>;
};

/** `settledAt`: reconcile has done something about it since, and that succeeded. */
export type SeenFinding = FleetFinding & {
  readonly id: string;
  readonly seenAt: Date;
  readonly settledAt: Date | null;
};

export type Found = {
  readonly findings: readonly FleetFinding[];
  /** Those of them that the sweep itself has put right. */
  readonly settled?: ReadonlySet<FleetFinding>;
  readonly unseen: Sweep["unseen"];
};

export type FindingsWanted = {
  readonly class?: FindingClass | undefined;
  readonly namespace?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
};

/** What reconcile looked for and found: rows in the control database, as a look at the world is no fact of it. */
export interface Sweeps {
  /** It waits for its turn, in that workflow. */
  ask(asked: Asked, workflow: string): Promise<void>;
  begin(all: readonly Asked[], workflow: Workflow): Promise<void>;
  /** What was found replaces what was known; of backends that did not answer, that stands. */
  found(all: readonly Asked[], found: Found): Promise<void>;
  /** What was found of these namespaces has been put right. */
  settle(namespaces: readonly string[]): Promise<void>;
  end(all: readonly Asked[], error: Failure | null): Promise<void>;
  get(id: string): Promise<Sweep | undefined>;
  /** The last one that looked. */
  last(): Promise<Sweep | undefined>;
  list(wanted: FindingsWanted): Promise<readonly SeenFinding[]>;
  /** How many of each class stand; a class without any may be missing. */
  counts(): Promise<ReadonlyMap<string, number>>;
}

const keptDays = 30;
const columns = `id, requested_by as "requestedBy", state, asked_at as "askedAt", started_at as "startedAt",
  ended_at as "endedAt", json_build_object('id', workflow_id, 'run_id', run_id) as workflow, error, unseen`;
const shown = `id::text, seen_at as "seenAt", settled_at as "settledAt", class, backend, kind, name, namespace,
  operation, fields, because, remedy`;
const idsOf = (all: readonly Asked[]): readonly string[] => all.map(({ operation }) => operation);

export function sweeps(pool: Pool): Sweeps {
  const one = async (rest: string, values: unknown[] = []): Promise<Sweep | undefined> =>
    (await pool.query<Sweep>(`select ${columns} from control.sweeps ${rest}`, values)).rows[0];

  return {
    async ask({ operation, by }, workflow) {
      await pool.query(
        `insert into control.sweeps (id, requested_by, state, workflow_id) values ($1, $2, 'pending', $3)
         on conflict do nothing`,
        [operation, by, workflow],
      );
    },
    async begin(all, { id, run_id }) {
      for (const { operation, by } of all)
        await pool.query(
          `insert into control.sweeps (id, requested_by, state, workflow_id, run_id, started_at)
           values ($1, $2, 'running', $3, $4, now())
           on conflict (id) do update set state = 'running', run_id = $4, started_at = now()`,
          [operation, by, id, run_id],
        );
      await pool.query(`delete from control.sweeps where asked_at < now() - ${keptDays} * interval '1 day'`);
    },
    found: (all, { findings, settled, unseen }) =>
      transaction(pool, async (client) => {
        // One at a time: what a late attempt found must not be mixed with what the next one did.
        await client.query("lock table control.findings in share row exclusive mode");
        await client.query("delete from control.findings where backend is null or backend <> all ($1)", [
          Object.keys(unseen),
        ]);
        await client.query(
          `insert into control.findings (sweep, settled_at, class, backend, kind, name, namespace, operation, fields, because, remedy)
           select $1, settled_at, class, backend, kind, name, namespace, operation, fields, because, remedy
           from jsonb_populate_recordset(null::control.findings, $2)`,
          [idsOf(all)[0], JSON.stringify(findings.map((one) => settledAt(one, settled?.has(one) === true)))],
        );
        await client.query("update control.sweeps set unseen = $2 where id = any ($1)", [idsOf(all), unseen]);
      }),
    async settle(namespaces) {
      await pool.query(
        `update control.findings set settled_at = now()
         where namespace = any ($1) and settled_at is null and remedy in ('repair', 'cleanup', 'resume')`,
        [namespaces],
      );
    },
    async end(all, error) {
      const state = error === null ? "succeeded" : "failed";
      await pool.query(
        "update control.sweeps set state = $2, error = $3, ended_at = now() where id = any ($1)",
        [idsOf(all), state, error === null ? null : JSON.stringify(error)],
      );
    },
    get: (id) => one("where id = $1", [id]),
    last: () => one("where started_at is not null order by started_at desc limit 1"),
    async list({ class: what, namespace, after, limit }) {
      const { rows } = await pool.query<SeenFinding>(
        `select ${shown} from control.findings
         where ($1::text is null or class = $1) and ($2::text is null or namespace = $2) and control.findings.id > $3
         order by control.findings.id limit $4`,
        [what ?? null, namespace ?? null, after ?? "0", limit],
      );
      return rows;
    },
    async counts() {
      const { rows } = await pool.query<{ class: string; count: number }>(
        "select class, count(*)::int as count from control.findings where settled_at is null group by class",
      );
      return new Map(rows.map((row) => [row.class, row.count]));
    },
  };
}

const settledAt = (finding: FleetFinding, isSettled: boolean) => ({
  ...finding,
  settled_at: isSettled ? new Date() : null,
});
