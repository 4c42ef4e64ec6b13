import { describe, expect, it } from "vitest";
import { keep } from "../../backends/write-ahead-log/keep.ts";
import { attached, segmentSize } from "../../backends/write-ahead-log/segments.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { entry, logStage } from "./log-stage.ts";

const stage = logStage();
const { logOf, sql } = stage;

describe("a log's segments", () => {
  const names = async (table: string) =>
    (await attached(stage.database.pool, table)).map(({ first }) => Number(first));
  const rows = async (table: string) => Number((await sql(`select count(*) from ${table}`)).rows[0].count);
  const keeping = { windowMs: 0, mostBytes: 10n ** 12n, replayMs: undefined };

  it("go on over their ends, and move to the replay store as a whole when they are relayed", async () => {
    const log = await logOf("moving");
    const options = {
      pool: stage.database.pool,
      namespace: "moving",
      table: "wal_moving",
      replay: "replay_moving",
      ...keeping,
    };
    await sql("update prism_log.log_head set position = $1 where namespace = 'moving'", [
      String(segmentSize - 3n),
    ]);
    const recorded = await log.append([entry(), entry(), entry(), entry(), entry()]);
    expect(await names("wal_moving")).toEqual([0, 65_536]);
    await keep(options, segmentSize - 2n);
    const pending = (await log.standing()).bytes;
    expect(pending).toBeGreaterThan(0n);
    expect([await names("wal_moving"), await names("replay_moving")]).toEqual([[0, 65_536], []]);
    await keep(options, segmentSize + 1n);
    expect([await names("wal_moving"), await names("replay_moving")]).toEqual([[65_536], [0]]);
    expect([await rows("wal_moving"), await rows("replay_moving")]).toEqual([3, 2]);
    expect(await log.recordedAt(recorded[0]?.position ?? 0n)).toBe(recorded[0]?.recordedAtMs);
    // Nearly all of it is relayed: that does not count against whoever publishes.
    expect((await log.standing()).bytes).toBeLessThan(pending);
    await keep(options, segmentSize + 2n);
    expect((await log.standing()).bytes).toBe(0n);
    // And leave that, too, when their time is over.
    await keep({ ...options, replayMs: 0 }, segmentSize + 1n);
    expect(await rows("replay_moving")).toBe(0);
  });

  it("that a crash has left between two tables come to where they were going", async () => {
    const log = await logOf("crashed");
    const options = {
      pool: stage.database.pool,
      namespace: "crashed",
      table: "wal_crashed",
      replay: "replay_crashed",
      ...keeping,
    };
    await sql("update prism_log.log_head set position = $1 where namespace = 'crashed'", [
      String(segmentSize - 1n),
    ]);
    await log.append([entry()]);
    const [first] = await attached(stage.database.pool, "wal_crashed");
    await sql(`alter table wal_crashed detach partition prism_log.${first?.name} concurrently`);
    await keep(options, 0n);
    expect(await names("replay_crashed")).toEqual([0]);
  });

  it("are measured also while somebody who reads the log holds up what has to leave it", async () => {
    const log = await logOf("dumped");
    const options = { pool: stage.database.pool, namespace: "dumped", table: "wal_dumped", ...keeping };
    await sql("update prism_log.log_head set position = $1 where namespace = 'dumped'", [
      String(segmentSize - 2n),
    ]);
    await log.append([entry(), entry(), entry()]);
    await keep({ ...options, replay: undefined }, segmentSize - 2n);
    expect((await log.standing()).bytes).toBeGreaterThan(0n);
    const dump = await stage.database.pool.connect();
    const impatient = testPool({ ...stage.database.pool.options, statement_timeout: 500 });
    try {
      await dump.query("begin; select count(*) from wal_dumped");
      const [first] = await attached(stage.database.pool, "wal_dumped");
      const detach = `alter table wal_dumped detach partition prism_log.${first?.name} concurrently`;
      await expect(impatient.query(detach)).rejects.toMatchObject({ code: "57014" });
      // So impatient, it may wait in vain for the measuring too where the machine stands still.
      await until(async () => {
        const kept = keep({ ...options, pool: impatient, replay: undefined }, segmentSize + 1n);
        await expect(kept).rejects.toThrow();
        return (await log.standing()).bytes === 0n;
      });
    } finally {
      await dump.query("rollback");
      dump.release();
      await impatient.end();
    }
  });

  it("are kept with the ids of two days: older ones are forgotten", async () => {
    await logOf("days");
    await sql("create table prism_log.published_7 partition of prism_log.published for values in (7)");
    const options = { pool: stage.database.pool, namespace: "days", table: "wal_days", ...keeping };
    await keep({ ...options, replay: undefined }, 0n);
    const { rows: days } = await sql(
      `select c.relname as name, prism_log.today() as today from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'prism_log.published'::regclass order by 1`,
    );
    const { today } = days[0];
    expect(days.map(({ name }) => name)).toEqual([`published_${today}`, `published_${today + 1}`]);
  });

  it("are dropped where nothing is replayed, and not before their hour is over", async () => {
    const log = await logOf("dropped");
    const options = { pool: stage.database.pool, namespace: "dropped", table: "wal_dropped", ...keeping };
    await sql("update prism_log.log_head set position = $1 where namespace = 'dropped'", [
      String(segmentSize - 2n),
    ]);
    await log.append([entry(), entry(), entry()]);
    await keep({ ...options, replay: undefined, windowMs: 3_600_000 }, segmentSize);
    expect(await rows("wal_dropped")).toBe(3);
    // Unless it takes too much room.
    await keep({ ...options, replay: undefined, windowMs: 3_600_000, mostBytes: 1n }, segmentSize);
    expect(await rows("wal_dropped")).toBe(2);
  });
});
