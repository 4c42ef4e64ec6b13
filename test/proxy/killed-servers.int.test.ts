import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { temporaryInstance } from "../../stack/instance.ts";
import { postgresData } from "../../stack/postgres.ts";
import type { ServerName } from "../../stack/server.ts";
import { stackUp } from "../../stack/stack.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { readState } from "../../stack/state.ts";
import { ownServer } from "../backends/own-server.ts";
import { type DataDatabase, dataDatabase } from "../setup/data-database.ts";
import { until } from "../setup/until.ts";
import { ownEnvironment } from "../stack/own-environment.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { fleet, type ProxyProcess } from "./fleet.ts";
import { judge } from "./history.ts";
import { opened } from "./opened.ts";
import { rawClient } from "./raw-client.ts";
import { kafkaTopic } from "./stage.ts";
import { witness } from "./witness.ts";

const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
const kafkaAwayMs = soaking ? 60_000 : 8_000;
const postgresAwayMs = 2_000;
// A broker that was killed is let in again only when its old session has run out.
const settleMs = 150_000;
const sound = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] };

/** On servers of its own: others' tests must not lose theirs. */
const environment = ownEnvironment();
const instance = temporaryInstance();
const wanted: readonly ServerName[] = ["postgres-data", "kafka"];
const up = () => stackUp({ environment, instance, wanted, needed: wanted });
const kill = (server: ServerName) =>
  process.kill(readState(instance).servers[server]?.process?.pid ?? 0, "SIGKILL");

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;
let proxy: ProxyProcess;
let database: DataDatabase;
let brokers: string;

beforeAll(async () => {
  opened.defer(() => stackDown({ instance, environment, purge: true }));
  const servers = { ...(await up()).environment };
  brokers = servers["PRISM_KAFKA_BROKERS"] ?? "";
  control = await controlPlane();
  [database, proxies] = await Promise.all([dataDatabase(servers), fleet(control)]);
  opened.defer(() => database.pool.end());
  proxy = await proxies.start("one", { PRISM_KAFKA_BROKERS: brokers, PRISM_DATA_URL: database.url });
}, settleMs);

/** A queue of a test alone, under its eyes; resolves when messages flow. */
async function witnessed(namespace: string) {
  const [topic] = await Promise.all([kafkaTopic(3, brokers.split(",")), database.provision(namespace)]);
  control.put(queueEntry(namespace, topic, { patterns: logged, ordered: true }));
  await control.acknowledged(settleMs);
  const seen = witness({ namespace, token: proxies.token, addresses: () => [proxy.address] });
  await until(() => seen.confirmed() > 50, settleMs);
  return seen;
}

describe("a server that is killed under load", () => {
  it("Kafka: publishes go on being acknowledged, and all of them are delivered when it is back", async () => {
    const seen = await witnessed("orders");
    kill("kafka");
    const [before, confirmed] = [seen.published(), seen.confirmed()];
    const published = () => seen.published() - before;
    await pause(kafkaAwayMs);
    // Eight publishers, one at a time each: they do not wait for Kafka, which is away until then.
    await until(() => published() > kafkaAwayMs / 100, settleMs);
    await until(() => published() > 2 * (seen.confirmed() - confirmed), settleMs);
    await up();
    await seen.settle(settleMs);
    expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
  }, 600_000);

  it("Postgres: publishes fail clearly, none is half there, and all goes on by itself", async () => {
    const seen = await witnessed("bills");
    kill("postgres-data");
    const raw = rawClient(proxy.address, {
      authorization: `Bearer ${proxies.token}`,
      "prism-namespace": "bills",
    });
    await pause(postgresAwayMs / 2);
    expect(await raw.refused(QueueService.method.publish, { topic: "u", payload: Buffer.from("x") })).toEqual(
      expect.objectContaining({ status: "UNAVAILABLE", reason: "BACKEND_UNAVAILABLE" }),
    );
    const ready = await fetch(`http://${proxy.operator}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("Postgres")]);
    await pause(postgresAwayMs / 2);
    await up();
    const published = seen.published();
    await until(() => seen.published() > published + 50, settleMs);
    raw.close();
    await seen.settle(settleMs);
    expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
  }, 600_000);
});

describe("a data database with fsync=off", () => {
  it("makes a proxy not ready, and says why", async () => {
    const lax = await ownServer(postgresData, async (_, args) =>
      args.map((each) => (each === "fsync=on" ? "fsync=off" : each)),
    );
    try {
      const url = new URL(postgresData.environment(lax.place)["PRISM_DATA_URL"] ?? "");
      url.pathname = "/postgres";
      const careless = await proxies.start("two", { PRISM_DATA_URL: url.href });
      const ready = await fetch(`http://${careless.operator}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("fsync=off")]);
      careless.process.kill("SIGKILL");
      await careless.ended;
    } finally {
      await lax.close();
    }
  }, 120_000);
});
