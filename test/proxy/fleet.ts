import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair } from "jose";
import { developmentToken } from "../../runtime/auth.ts";
import { checkout } from "../../stack/instance.ts";
import type { ControlPlane } from "./control-plane.ts";
import { filesOf } from "./identities.ts";
import { folder, opened } from "./opened.ts";
import { brokers, data } from "./stage.ts";

export type ProxyProcess = {
  readonly id: string;
  readonly address: string;
  readonly operator: string;
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
};

/** Proxies as processes of their own, killed after the last test, and a token of team-orders that they believe. */
export async function fleet(control: ControlPlane) {
  const home = await folder();
  const running = new Set<ProxyProcess>();
  opened.defer(async () => {
    for (const { process } of running) process.kill("SIGKILL");
    await Promise.all([...running].map(({ ended }) => ended));
  });
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const issuer = join(home, "issuer.json");
  await writeFile(
    issuer,
    JSON.stringify({ issuer: "test", audience: "prism", jwk: await exportJWK(privateKey) }),
  );
  const token = await developmentToken(issuer, {
    subject: "user:olivia",
    teams: ["team-orders"],
    ttlSeconds: 36_000,
  });

  return {
    token,
    /** Resolves when it listens. `source`: another one than this checkout. */
    async start(
      id: string,
      more: Readonly<Record<string, string>> = {},
      source = checkout,
    ): Promise<ProxyProcess> {
      const main = join(source, "proxy", "main.ts");
      const env = {
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        ...(await filesOf({ role: "proxy", shard: "shard-1", id })),
        PRISM_PROXY_ID: id,
        PRISM_PROXY_PORT: "0",
        PRISM_PROXY_OPERATOR_PORT: "0",
        PRISM_PROXY_PROBE_PORT: "0",
        PRISM_CONTROL_ADDRESS: control.address,
        PRISM_PROXY_DATA_DIR: join(home, id),
        PRISM_KAFKA_BROKERS: brokers.join(","),
        PRISM_DATA_URL: (await data()).url,
        PRISM_DEV_ISSUER: issuer,
        ...more,
      };
      const unawait = control.awaits(id);
      const started = spawn(process.execPath, [main], { stdio: ["ignore", "pipe", "inherit"], env });
      const ended = new Promise<void>((resolve) => started.once("exit", () => resolve())).then(unawait);
      const { port, operator_port } = await listening(started);
      const [address, operator] = [`127.0.0.1:${port}`, `127.0.0.1:${operator_port}`];
      const proxy = { id, address, operator, process: started, ended };
      running.add(proxy);
      void ended.then(() => running.delete(proxy));
      return proxy;
    },
  };
}

type Ports = { readonly port: number; readonly operator_port: number };

const listening = (started: ChildProcess): Promise<Ports> =>
  new Promise((resolve, reject) => {
    started.once("exit", (code) => reject(new Error(`the proxy ended with ${code}`)));
    createInterface({ input: started.stdout as NonNullable<typeof started.stdout> }).on("line", (line) => {
      const said = JSON.parse(line) as Ports & { msg: string };
      if (said.msg === "proxy listens") resolve(said);
    });
  });
