import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Admin } from "@platformatic/kafka";
import { pino } from "pino";
import { afterAll } from "vitest";
import { type ProxyOptions, proxy } from "../../proxy/proxy.ts";
import { prism } from "../../sdk/typescript/prism.ts";
import { type DataDatabase, dataDatabase } from "../setup/data-database.ts";
import { authority, type Who } from "./callers.ts";
import type { ControlPlane } from "./control-plane.ts";
import { identityOf } from "./identities.ts";

const configured = process.env["PRISM_KAFKA_BROKERS"];
if (!configured) throw new Error("PRISM_KAFKA_BROKERS is not set: `npm test` starts a Kafka and sets it");
export const brokers: readonly string[] = configured.split(",");

let own: Promise<DataDatabase> | undefined;
/** A data database of this test file alone. */
export const data = (): Promise<DataDatabase> => (own ??= dataDatabase(process.env));
afterAll(async () => (await own)?.drop());

/** A topic of this test alone. */
export async function kafkaTopic(partitions: number, at = brokers) {
  const admin = new Admin({ clientId: "prism-test", bootstrapBrokers: [...at] });
  const topic = `test-${randomBytes(5).toString("hex")}-queue`;
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  return {
    topic,
    async drop(): Promise<void> {
      await admin.deleteTopics({ topics: [topic] });
      await admin.close();
    },
  };
}

/** Whether a proxy has begun to carry on what the namespace's log takes. */
export async function isLed(namespace: string): Promise<boolean> {
  const { pool } = await data();
  const begun = "select 1 from prism_log.relay where namespace = $1 and epoch > 0";
  // No proxy has ever been here: there are no tables yet.
  const { rows } = await pool.query(begun, [namespace]).catch(() => ({ rows: [] }));
  return rows.length > 0;
}

export const folder = () => mkdtemp(join(tmpdir(), "prism-proxy-"));
export const removeFolder = (path: string) => rm(path, { recursive: true, force: true });

/** A proxy in this process. */
export async function startProxy(
  control: Pick<ControlPlane, "address">,
  dataDir: string,
  proxyId = "proxy-1",
  more: Partial<ProxyOptions> = {},
) {
  const running = await proxy({
    proxyId,
    shard: "shard-1",
    region: "local",
    host: "127.0.0.1",
    proxyPort: 0,
    operatorPort: 0,
    probePort: 0,
    advertise: undefined,
    controlAddress: control.address,
    controlIdentity: await identityOf({ role: "proxy", shard: "shard-1", id: proxyId }),
    dataDir,
    kafkaBrokers: brokers,
    dataUrl: (await data()).url,
    authority,
    log: pino({ level: process.env["PRISM_LOG_LEVEL"] ?? "silent" }),
    ...more,
  });
  const stopAll = async (): Promise<void> => {
    for (const step of running.stopping) await step.stop();
  };
  let stopped: Promise<void> | undefined;
  return {
    ...running,
    address: `127.0.0.1:${running.port}`,
    stop(): Promise<void> {
      stopped ??= stopAll();
      return stopped;
    },
  };
}

/** The namespace as one of the callers sees it. */
export const as = (who: Who | "nobody", namespace: string, ...proxies: { address: string }[]) =>
  prism({ namespace, token: who, endpoints: proxies.map(({ address }) => address) });
