import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { type Instance, purge, temporaryInstance } from "../../stack/instance.ts";
import { processId } from "../../stack/process-id.ts";
import type { ServerName } from "../../stack/server.ts";
import { type Stack, stackUp } from "../../stack/stack.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { stackStatus } from "../../stack/stack-status.ts";
import { readState } from "../../stack/state.ts";
import { ownEnvironment } from "./own-environment.ts";

const environment = ownEnvironment();
// Two that are up at once, one of them with data and a lock file of its own.
const wanted: readonly ServerName[] = ["postgres-control", "nats"];

const up = (instance: Instance): Promise<Stack> => stackUp({ environment, instance, wanted, needed: wanted });
const pidsOf = (instance: Instance): number[] =>
  Object.values(readState(instance).servers).flatMap(({ process }) => process?.pid ?? []);
const livingOf = (instance: Instance): number[] =>
  pidsOf(instance).filter((pid) => processId(pid) !== undefined);

describe("an instance of the stack", () => {
  const instance = temporaryInstance();
  const other = temporaryInstance();
  afterAll(async () => {
    for (const each of [instance, other]) await stackDown({ instance: each, environment, purge: true });
  });

  it("is found by a second call, on the addresses of the first", async () => {
    const first = await up(instance);
    const pids = pidsOf(instance);
    const second = await up(instance);
    expect(pids).toHaveLength(wanted.length);
    expect(pidsOf(instance)).toEqual(pids);
    expect(second.environment).toEqual(first.environment);
  });

  it("is one and the same for two calls at once", async () => {
    await stackDown({ instance, environment });
    const [one, two] = await Promise.all([up(instance), up(instance)]);
    expect(one.environment).toEqual(two.environment);
    expect(livingOf(instance)).toHaveLength(wanted.length);
  });

  it("starts a killed server again, on its old port and its old data", async () => {
    const before = (await up(instance)).environment["PRISM_CONTROL_URL"] ?? "";
    await query(before, "create table kept(what text)");
    await query(before, "insert into kept values ('this')");
    process.kill(readState(instance).servers["postgres-control"]?.process?.pid ?? 0, "SIGKILL");

    const after = (await up(instance)).environment["PRISM_CONTROL_URL"] ?? "";
    expect(after).toBe(before);
    expect(await query(after, "select what from kept")).toEqual([{ what: "this" }]);
  });

  it("comes up after everything was killed at once", async () => {
    const { environment: before } = await up(instance);
    for (const pid of pidsOf(instance)) process.kill(pid, "SIGKILL");
    const { environment: after } = await up(instance);
    expect(after).toEqual(before);
  });

  it("shares nothing with another", async () => {
    const [mine, theirs] = await Promise.all([up(instance), up(other)]);
    for (const [name, value] of Object.entries(mine.environment))
      expect(theirs.environment[name]).not.toBe(value);
    await stackDown({ instance: other, environment });
    const { servers } = await stackStatus(environment, instance);
    expect(servers.filter(({ condition }) => condition === "running").map(({ name }) => name)).toEqual(
      wanted,
    );
  });

  it("leaves no process when it is taken down, and its data for the next time", async () => {
    await up(instance);
    const pids = pidsOf(instance);
    await stackDown({ instance, environment });
    expect(pids.filter((pid) => processId(pid) !== undefined)).toEqual([]);
    const url = (await up(instance)).environment["PRISM_CONTROL_URL"] ?? "";
    expect(await query(url, "select what from kept")).toEqual([{ what: "this" }]);
  });

  it("is gone with everything when it is purged", async () => {
    const pids = pidsOf(instance);
    await stackDown({ instance, environment, purge: true });
    expect(pids.filter((pid) => processId(pid) !== undefined)).toEqual([]);
    expect(readState(instance).servers).toEqual({});
  });
});

describe("a server that cannot come up", () => {
  it("is named with the reason, and nothing that was started stays", async () => {
    const instance = temporaryInstance();
    const broken = { ...environment, PRISM_REDIS_URL: "redis://127.0.0.1:1" };
    const names: readonly ServerName[] = ["nats", "redis"];
    const failing = stackUp({ environment: broken, instance, wanted: names, needed: names });
    await expect(failing).rejects.toThrow(
      /^PRISM_REDIS_URL is set, but nothing answers there: .*ECONNREFUSED/,
    );
    expect(livingOf(instance)).toEqual([]);
    purge(instance);
  });
});

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
