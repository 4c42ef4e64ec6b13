import { expect } from "vitest";
import { counter, type ProjectionSubject } from "../projection-subject.ts";
import { count } from "./projections.ts";
import { type Cases, collect } from "./subject.ts";

/** What somebody does to the tables by hand, with the table's and its history's name to fill in. */
const tamperings: Readonly<Record<string, string>> = {
  "a changed row": `update TABLE set row = jsonb_set(row, '{count}', '99') where key = 'KEY'`,
  "a changed row whose digest and checksum were made to fit": `
    update TABLE set row = '{"count":99}', checksum = md5('{"count": 99}'::jsonb::text),
      digest = encode(sha256('{"count":99}'), 'hex') where key = 'KEY'`,
  "a removed row": `delete from TABLE where key = 'KEY'`,
  "a row of nothing": `insert into TABLE select 'nothing', row, position, digest, checksum from TABLE where key = 'KEY'`,
  "a row with another position": `update TABLE set position = position - 1 where key = 'KEY'`,
  "a changed past": `update TABLE_history set row = '{"count":99}' where key = 'KEY' and valid_to is not null`,
  "a changed past whose digest was made to fit": `
    update TABLE_history set row = '{"count":99}', digest = encode(sha256('{"count":99}'), 'hex')
    where key = 'KEY' and valid_to is not null`,
  "a past that was cut out": `delete from TABLE_history where key = 'KEY' and valid_to is not null`,
  "a past that never ended": `update TABLE_history set valid_to = null where key = 'KEY'`,
};

export const verificationCases: Cases<ProjectionSubject> = {
  ...Object.fromEntries(
    Object.entries(tamperings).map(([what, statement], index) => [
      `${what} is named in the log and repaired`,
      async ({ store, run, database }: ProjectionSubject) => {
        const name = `tampered${index}`;
        const key = `${name}-b`;
        for (const stream of [`${name}-a`, key, `${name}-c`]) {
          for (let event = 0; event < 3; event += 1) await count(store, stream, 1);
        }
        const { readers, stop, log } = run([counter(name, `${name}-`, { temporal: true })], {
          verifyMs: 150,
        });
        await readers[0].waitFor(await store.head());
        const asOf = (await store.head()) - 4n;
        const before = [await collect(readers[0].scan()), await readers[0].get(key, { asOf })];
        const table = `projections.${name}_v1`;
        await database.pool.query(statement.replaceAll("TABLE", table).replaceAll("KEY", key));
        const wrong = what === "a row of nothing" ? "nothing" : key;
        await expect
          .poll(() => log.filter(({ level }) => level === "error"))
          .toMatchObject([{ projection: `${name} v1`, key: wrong }]);
        expect([await collect(readers[0].scan()), await readers[0].get(key, { asOf })]).toEqual(before);
        await readers[0].waitFor(await count(store, key, 1));
        expect(await readers[0].get(key)).toMatchObject({ count: 4 });
        await stop();
      },
    ]),
  ),

  "while everything is written to, nothing that is right is called wrong": async ({ store, run }) => {
    const { readers, stop, log } = run([counter("busy", "busy-", { temporal: true })], { verifyMs: 1 });
    await readers[0].waitFor(0n);
    for (let round = 0; round < 150; round += 1) {
      await Promise.all(["busy-a", "busy-b", `busy-${round}`].map((stream) => count(store, stream, 1)));
    }
    await readers[0].waitFor(await store.head());
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(log.filter(({ level }) => level !== "info")).toEqual([]);
    expect(await readers[0].get("busy-a")).toMatchObject({ count: 150 });
    await stop();
  },

  "an older version goes once nobody leads it any more, and not before": async ({ store, run, database }) => {
    const old = counter("retired", "retired-");
    const first = run([old], { verifyMs: 50 });
    await first.readers[0].waitFor(await count(store, "retired-1", 2));
    const second = run([{ ...old, version: 2 }], { verifyMs: 50 });
    const tables = async () =>
      (
        await database.pool.query(
          "select tablename from pg_tables where tablename like 'retired%' order by 1",
        )
      ).rows.map(({ tablename }) => tablename);
    await expect.poll(() => second.log.some(({ message }) => message === "is served")).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await tables()).toEqual(["retired_v1", "retired_v2"]);
    expect(await first.readers[0].get("retired-1")).toMatchObject({ count: 2 });
    await first.stop();
    await expect.poll(tables).toEqual(["retired_v2"]);
    expect(await second.readers[0].get("retired-1")).toMatchObject({ count: 2 });
    await second.stop();
  },
};
