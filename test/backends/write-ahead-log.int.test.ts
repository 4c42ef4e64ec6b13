import { setTimeout as pause } from "node:timers/promises";
import { v7 } from "uuid";
import { describe, expect, it } from "vitest";
import { leadership } from "../../backends/write-ahead-log/leadership.ts";
import { backlog, closeLog, reopenLog } from "../../backends/write-ahead-log/operate.ts";
import { relayTerm } from "../../backends/write-ahead-log/relay-term.ts";
import { dataDatabase } from "../setup/data-database.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { all, entry, logStage } from "./log-stage.ts";

const stage = logStage();
const { logOf, openLog, sql } = stage;

describe("a log", () => {
  it("gives positions without gaps, in the order of commits, whoever writes", async () => {
    const namespace = "dense";
    await logOf(namespace);
    const writers = Array.from({ length: 4 }, () => openLog(namespace));
    const recorded = await Promise.all(
      writers.flatMap((log) => Array.from({ length: 10 }, () => log.append([entry(), entry(), entry()]))),
    );
    const positions = recorded.flat().map(({ position }) => Number(position));
    expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
    const times = (await openLog(namespace).read(0n, all)).map(({ recordedAtMs }) => recordedAtMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("gives back what was written, byte by byte", async () => {
    const log = await logOf("bytes");
    const sent = { ...entry(), topic: "grüße", key: Buffer.from([0, 255]), payload: Buffer.alloc(70_000, 7) };
    const [recorded] = await log.append([sent]);
    const { once: _, ...stored } = sent;
    const { fresh, ...where } = recorded ?? { fresh: false };
    expect(fresh).toBe(true);
    expect(await log.read(0n, all)).toEqual([{ ...stored, ...where }]);
  });

  it("adds one with the same id once, in one batch, in two at a time, and later", async () => {
    const log = await logOf("once");
    const id = v7();
    const same = () => entry("same", id, true);
    const [one, two] = await Promise.all([log.append([entry(), same(), same()]), log.append([same()])]);
    const later = await log.append([entry(), same()]);
    const positions = new Set(
      [...(one ?? []).slice(1), ...(two ?? []), later[1]].map((each) => each?.position),
    );
    expect(positions.size).toBe(1);
    expect((await log.read(0n, all)).filter((each) => each.id === id)).toHaveLength(1);
    expect((await log.standing()).head).toBe(3n);
  });

  it("reads none of the other keys to know of its own, also before Postgres has statistics of them", async () => {
    const fresh = await dataDatabase(process.env);
    const pool = testPool({ connectionString: fresh.url, max: 1 });
    try {
      await fresh.provision("unread");
      const log = openLog("unread", 1, pool);
      await log.prepare();
      const batch = () => Array.from({ length: 128 }, () => entry("x", v7(), true));
      // So often that the connection stays with one plan.
      for (let times = 0; times < 10; times++) await log.append(batch());
      await pool.query("begin");
      const ids = batch().map(({ id }) => id);
      await pool.query("select prism_log.claim('unread', 1, true, 128, $1)", [ids]);
      const { rows } = await pool.query(
        `select sum(seq_tup_read + idx_tup_fetch)::int as read from pg_stat_xact_user_tables
         where relname like 'published%'`,
      );
      expect(rows).toEqual([{ read: 0 }]);
    } finally {
      await pool.end();
      await fresh.drop();
    }
  });

  it("takes nothing any more once its fence is up, also of whoever was under way", async () => {
    const log = await logOf("fenced");
    await log.append([entry()]);
    await sql("update prism_log.log_head set state = 'closed' where namespace = 'fenced'");
    await expect(log.append([entry()])).rejects.toMatchObject({ code: "NAMESPACE_DELETING" });
    await openLog("fenced").prepare();
    await expect(log.append([entry()])).rejects.toMatchObject({ code: "NAMESPACE_DELETING" });
    expect((await log.standing()).head).toBe(1n);
  });

  it("says at its fence how much was still to be relayed, and the same however often it is asked", async () => {
    const log = await logOf("counted");
    const of = { namespace: "counted", incarnation: 1 };
    const relayed = (to: number) =>
      sql("update prism_log.relay set relayed = $1 where namespace = 'counted'", [to]);
    await log.append([entry(), entry(), entry(), entry(), entry()]);
    await relayed(2);
    expect(await closeLog(stage.database.pool, of)).toBe(3);
    await relayed(5);
    expect([await closeLog(stage.database.pool, of), await backlog(stage.database.pool, of)]).toEqual([3, 0]);
    // The delete failed, and another comes: it has its own.
    await reopenLog(stage.database.pool, of);
    await log.append([entry()]);
    expect(await closeLog(stage.database.pool, of)).toBe(1);
    await logOf("counted", 2);
    expect(await closeLog(stage.database.pool, { ...of, incarnation: 2 })).toBe(0);
    expect(await closeLog(stage.database.pool, { namespace: "never-there", incarnation: 1 })).toBe(0);
  });

  it("of an earlier build is closed and counted as a new one", async () => {
    const fresh = await dataDatabase(process.env);
    const pool = testPool({ connectionString: fresh.url, max: 1 });
    try {
      await fresh.provision("older");
      await openLog("older", 1, fresh.pool).prepare();
      await fresh.pool.query("alter table prism_log.relay drop column fenced");
      const log = openLog("older", 1, pool);
      await log.prepare();
      await log.append([entry(), entry()]);
      expect(await closeLog(pool, { namespace: "older", incarnation: 1 })).toBe(2);
    } finally {
      await pool.end();
      await fresh.drop();
    }
  });

  it("of another life of the name begins anew, and whoever writes for the old one is refused", async () => {
    const old = await logOf("lives");
    await old.append([entry(), entry()]);
    const log = await logOf("lives", 2);
    expect(await log.append([entry()])).toMatchObject([{ position: 1n }]);
    await expect(old.append([entry()])).rejects.toMatchObject({ code: "NAMESPACE_DELETING" });
  });

  it("is read in parts, and never less than one entry", async () => {
    const log = await logOf("parts");
    await log.append(Array.from({ length: 10 }, () => entry("x".repeat(1_000))));
    const positions = async (limits: { entries: number; bytes: number }) =>
      (await log.read(2n, limits)).map(({ position }) => Number(position));
    expect(await positions({ entries: 3, bytes: 1_000_000 })).toEqual([3, 4, 5]);
    expect(await positions({ entries: 100, bytes: 2_500 })).toEqual([3, 4, 5]);
    expect(await positions({ entries: 100, bytes: 1 })).toEqual([3]);
    expect(await log.read(10n, all)).toEqual([]);
  });
});

describe("who leads", () => {
  it("is one at a time, and another when that one's connection ends", async () => {
    const [one, two] = [leadership(stage.database.url, "one"), leadership(stage.database.url, "two")];
    const term = await one.tryLead("relay a");
    expect([term === undefined, await two.tryLead("relay a")]).toEqual([false, undefined]);
    const other = await two.tryLead("relay b");
    expect([other === undefined, await two.tryLead("relay b")]).toEqual([false, undefined]);
    await other?.resign();
    expect(await two.tryLead("relay b")).toBeDefined();
    await sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'one'");
    await until(() => term?.signal.aborted === true);
    // Postgres may have told the dead one of it before it takes its locks away.
    await until(async () => (await two.tryLead("relay a")) !== undefined);
    await Promise.all([one.close(), two.close()]);
  });

  it("says how far the relay is only as long as nobody has taken over", async () => {
    const log = await logOf("epochs");
    await log.append([entry(), entry(), entry()]);
    const [old, young] = [leadership(stage.database.url, "old"), leadership(stage.database.url, "young")];
    const first = await old.tryLead("epochs");
    const duty = first && (await relayTerm(first, { namespace: "epochs", incarnation: 1 }));
    expect([duty?.relayed, await duty?.head(), await duty?.moved(2n)]).toEqual([0n, 3n, true]);
    await first?.resign();
    await pause(10);
    const second = await young.tryLead("epochs");
    const next = second && (await relayTerm(second, { namespace: "epochs", incarnation: 1 }));
    expect(next?.relayed).toBe(2n);
    expect([await duty?.moved(3n), await duty?.head()]).toEqual([false, undefined]);
    expect(await next?.moved(3n)).toBe(true);
    await Promise.all([old.close(), young.close()]);
  });
});
