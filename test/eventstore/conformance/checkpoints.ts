import { expect } from "vitest";
import { asLeader, moveCheckpoint, takeOver } from "../../../eventstore/runner/checkpoints.ts";
import type { Fold } from "../../../eventstore/runner/fold.ts";
import { readRows } from "../../../eventstore/runner/tables.ts";
import { writeChanges } from "../../../eventstore/runner/write-changes.ts";
import { counter, type ProjectionSubject } from "../projection-subject.ts";
import type { Cases } from "./subject.ts";

/** Group H beneath the runner: the checkpoint itself. */
export const checkpointCases: Cases<ProjectionSubject> = {
  "61 a first term begins at the start of the log and moves on from there": async (subject) => {
    const { pool } = await prepared(subject);
    const term = await takeOver(pool, fold("first"));
    expect(term).toMatchObject({ epoch: 1n, position: 0n, built: false });
    await asLeader(pool, term, (client) => moveCheckpoint(client, term, 0n, 7n));
    expect(await takeOver(pool, fold("first"))).toMatchObject({ epoch: 2n, position: 7n });
  },

  "62, 63 a checkpoint moves only from where the leader thinks it is": async (subject) => {
    const { pool } = await prepared(subject);
    const term = await takeOver(pool, fold("compare"));
    await asLeader(pool, term, (client) => moveCheckpoint(client, term, 0n, 5n));
    const wrong = asLeader(pool, term, (client) => moveCheckpoint(client, term, 4n, 9n));
    await expect(wrong).rejects.toMatchObject({ name: "Deposed" });
    expect((await takeOver(pool, fold("compare"))).position).toBe(5n);
  },

  "64 a checkpoint never moves back": async (subject) => {
    const { pool } = await prepared(subject);
    const term = await takeOver(pool, fold("back"));
    await asLeader(pool, term, (client) => moveCheckpoint(client, term, 0n, 5n));
    const back = asLeader(pool, term, (client) => moveCheckpoint(client, term, 5n, 4n));
    await expect(back).rejects.toMatchObject({ name: "Deposed" });
    expect((await takeOver(pool, fold("back"))).position).toBe(5n);
  },

  "66 a leader that was replaced writes nothing any more": async (subject) => {
    const { pool } = await prepared(subject);
    const old = await takeOver(pool, fold("fenced"));
    await takeOver(pool, fold("fenced"));
    const late = asLeader(pool, old, async (client) => {
      await writeChanges(client, old.fold, [{ key: "k", position: 1n, row: { late: true } }], new Map());
      await moveCheckpoint(client, old, 0n, 1n);
    });
    await expect(late).rejects.toMatchObject({ name: "Deposed" });
    const client = await pool.connect();
    expect(await readRows(client, old.fold, ["k"])).toEqual(new Map());
    client.release();
  },

  "66 nor one that is replaced while it writes: the newcomer waits for it and stands where it left off":
    async (subject) => {
      const { pool } = await prepared(subject);
      const old = await takeOver(pool, fold("overlap"));
      let newcomer: Promise<{ position: bigint }> | undefined;
      await asLeader(pool, old, async (client) => {
        newcomer = takeOver(pool, fold("overlap"));
        await new Promise((resolve) => setTimeout(resolve, 100));
        await moveCheckpoint(client, old, 0n, 3n);
      });
      expect((await newcomer)?.position).toBe(3n);
    },
};

const fold = (name: string) => counter(name, `${name}-`) as unknown as Fold;

/** The runner's tables are there once anything has run. */
async function prepared({ run, database }: ProjectionSubject) {
  const { readers, stop } = run([counter("prepared", "prepared-")]);
  await readers[0].waitFor(0n);
  await stop();
  return database;
}
