import { randomBytes } from "node:crypto";
import { Admin } from "@platformatic/kafka";
import { pino } from "pino";
import { type ProxyOptions, proxy } from "../../proxy/proxy.ts";
import { prism } from "../../sdk/typescript/prism.ts";
import { type DataDatabase, dataDatabase } from "../setup/data-database.ts";
import { authority, type Who } from "./callers.ts";
import type { ControlPlane } from "./control-plane.ts";
import { identityOf } from "./identities.ts";
import { folder, opened } from "./opened.ts";

const configured = process.env["PRISM_KAFKA_BROKERS"];
if (!configured) throw new Error("PRISM_KAFKA_BROKERS is not set: `npm test` starts a Kafka and sets it");
export const brokers: readonly string[] = configured.split(",");

let own: Promise<DataDatabase> | undefined;
/** A data database of this test file alone. */
export const data = (): Promise<DataDatabase> => (own ??= database());

async function database(): Promise<DataDatabase> {
  const made = await dataDatabase(process.env);
  opened.defer(() => made.drop());
  return made;
}

/** The name of a topic of this test file alone. */
export async function kafkaTopic(
  partitions: number,
  at = brokers,
  configs: { name: string; value: string }[] = [],
): Promise<string> {
  const ask = async (question: (admin: Admin) => Promise<unknown>) => {
    const admin = new Admin({ clientId: "prism-test", bootstrapBrokers: [...at] });
    await question(admin).finally(() => admin.close());
  };
  const topic = `test-${randomBytes(5).toString("hex")}-queue`;
  await ask((admin) => admin.createTopics({ topics: [topic], partitions, replicas: 1, configs }));
  opened.defer(() => ask((admin) => admin.deleteTopics({ topics: [topic] })));
  return topic;
}

/** Whether a proxy has begun to carry on what the namespace's log takes. */
export async function isLed(namespace: string): Promise<boolean> {
  const { pool } = await data();
  const begun = "select 1 from prism_log.relay where namespace = $1 and epoch > 0";
  // No proxy has ever been here: there are no tables yet.
  const { rows } = await pool.query(begun, [namespace]).catch(() => ({ rows: [] }));
  return rows.length > 0;
}

/** A proxy in this process, with a folder of its own. */
export async function startProxy(
  control: Pick<ControlPlane, "address"> & Partial<Pick<ControlPlane, "awaits">>,
  { proxyId = "proxy-1", dataDir, ...more }: Partial<ProxyOptions> = {},
) {
  control.awaits?.(proxyId);
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
    dataDir: dataDir ?? (await folder()),
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
  const stop = (): Promise<void> => (stopped ??= stopAll());
  opened.defer(stop);
  return {
    ...running,
    address: `127.0.0.1:${running.port}`,
    stop,
  };
}

/** The namespace as one of the callers sees it. */
export const as = (who: Who | "nobody", namespace: string, ...proxies: { address: string }[]) =>
  prism({ namespace, token: who, endpoints: proxies.map(({ address }) => address) });
