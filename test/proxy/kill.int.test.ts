import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentToken } from "../../runtime/auth.ts";
import type { PrismError } from "../../sdk/typescript/errors.ts";
import { prism } from "../../sdk/typescript/prism.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { filesOf } from "./identities.ts";
import { folder } from "./opened.ts";
import { brokers, data, kafkaTopic } from "./stage.ts";

const main = fileURLToPath(new URL("../../proxy/main.ts", import.meta.url));
let control: ControlPlane;
let topic: string;
let home: string;
let token: string;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  control = await controlPlane();
  [topic, home] = await Promise.all([kafkaTopic(3), folder()]);
  await (await data()).provision("killed");
  control.put(queueEntry("killed", topic, { ordered: true, patterns: logged }));
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const issuer = { issuer: "test", audience: "prism", jwk: await exportJWK(privateKey) };
  await writeFile(join(home, "issuer.json"), JSON.stringify(issuer));
  token = await developmentToken(join(home, "issuer.json"), {
    subject: "user:olivia",
    teams: ["team-orders"],
    ttlSeconds: 600,
  });
});

afterAll(async () => {
  for (const each of processes) each.kill("SIGKILL");
});

/** A proxy as a process of its own; resolves when it listens and has the directory. */
async function startProcess(proxyId: string): Promise<{ address: string; process: ChildProcess }> {
  const certificate = await filesOf({ role: "proxy", shard: "shard-1", id: proxyId });
  const started = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      PRISM_PROXY_ID: proxyId,
      PRISM_PROXY_PORT: "0",
      PRISM_PROXY_OPERATOR_PORT: "0",
      PRISM_CONTROL_ADDRESS: control.address,
      ...certificate,
      PRISM_PROXY_PROBE_PORT: "0",
      PRISM_PROXY_DATA_DIR: join(home, proxyId),
      PRISM_KAFKA_BROKERS: brokers.join(","),
      PRISM_DATA_URL: (await data()).url,
      PRISM_DEV_ISSUER: join(home, "issuer.json"),
    },
  });
  processes.push(started);
  const port = await new Promise<number>((resolve, reject) => {
    started.once("exit", (code) => reject(new Error(`the proxy ended with ${code}`)));
    createInterface({ input: started.stdout as NonNullable<typeof started.stdout> }).on("line", (line) => {
      const said = JSON.parse(line) as { msg: string; port?: number };
      if (said.msg === "proxy listens" && said.port !== undefined) resolve(said.port);
    });
  });
  return { address: `127.0.0.1:${port}`, process: started };
}

describe("a proxy that is killed in the middle", () => {
  it("loses nothing that it has acknowledged, and its consumers go on elsewhere", async () => {
    const [one, two] = await Promise.all([startProcess("one"), startProcess("two")]);
    await control.acknowledged();
    const client = prism({ namespace: "killed", token, endpoints: [one.address, two.address] });
    const acknowledged: number[] = [];
    const unknown: number[] = [];
    const publishAll = async (from: number, to: number) => {
      for (let value = from; value < to; value++) {
        await client.queue.publish("orders", value, { key: `k${value % 5}` }).then(
          () => acknowledged.push(value),
          (error: PrismError) => {
            expect(error.code).toBe("BACKEND_UNAVAILABLE");
            unknown.push(value);
          },
        );
      }
    };
    const publishing = Promise.all(
      Array.from({ length: 16 }, (_, at) => publishAll(at * 100, at * 100 + 100)),
    );

    const received = new Map<number, number>();
    const consumption = client.queue.consume("orders", { group: "g", from: "earliest", credit: 50 });
    const consuming = (async () => {
      for await (const message of consumption) {
        const value = message.json<number>();
        received.set(value, (received.get(value) ?? 0) + 1);
        await message.ack();
      }
    })();
    while (acknowledged.length < 400) await pause(5);
    one.process.kill("SIGKILL");
    await publishing;

    const until = performance.now() + 150_000;
    const missing = () => acknowledged.filter((value) => !received.has(value));
    while (missing().length > 0 && performance.now() < until) await pause(50);
    expect(missing()).toEqual([]);
    expect(acknowledged.length + unknown.length).toBe(1_600);
    // Only calls that were under way there can have an unknown outcome.
    expect(unknown.length).toBeLessThanOrEqual(16);
    await consumption.return();
    await consuming;
    client.close();
  }, 300_000);

  it("stops of itself when it is asked to, and lets calls under way end", async () => {
    const three = await startProcess("three");
    await control.acknowledged();
    const client = prism({ namespace: "killed", token, endpoints: [three.address] });
    const consumption = client.queue.consume("leaving", { group: "g" });
    await consumption.ready;
    const publishing = Array.from({ length: 200 }, (_, at) => client.queue.publish("leaving", at));
    const published = Promise.allSettled(publishing);
    await pause(20);
    const asked = performance.now();
    const ended = new Promise((resolve) => three.process.once("exit", resolve));
    three.process.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(performance.now() - asked).toBeLessThan(30_000);
    await consumption.return();
    client.close();
    // What it had taken in was answered; what it had not, another may take.
    for (const each of await published) {
      if (each.status === "rejected") {
        expect(["BACKEND_UNAVAILABLE", "NAMESPACE_NOT_READY"]).toContain(each.reason.code);
      }
    }
  });
});
