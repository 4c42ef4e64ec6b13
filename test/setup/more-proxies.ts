import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestPrism } from "./prism.ts";

export type RunningProxy = {
  readonly id: string;
  /** host:port for clients. */
  readonly address: string;
  readonly operator: string;
  readonly process: ChildProcess;
  /** Resolves when it is gone. */
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
};

/** Proxies beside a test's Prism, each a process of its own; the same id again finds the same folder. */
export function moreProxies(prism: TestPrism) {
  const running = new Set<RunningProxy>();
  const folders = new Map<string, string>();

  return {
    /** Resolves when it listens. */
    async start(id: string, more: Readonly<Record<string, string>> = {}): Promise<RunningProxy> {
      const folder = folders.get(id) ?? (await mkdtemp(join(tmpdir(), "prism-proxy-")));
      folders.set(id, folder);
      const env = {
        ...prism.environment,
        ...(await prism.certificate({ role: "proxy", shard: more["PRISM_SHARD"] ?? "shard-1", id })),
        PRISM_PROXY_ID: id,
        PRISM_PROXY_PORT: "0",
        PRISM_PROXY_OPERATOR_PORT: "0",
        PRISM_PROXY_PROBE_PORT: "0",
        PRISM_PROXY_ADVERTISE: "",
        PRISM_PROXY_DATA_DIR: folder,
        ...more,
      };
      const started = spawn(process.execPath, [join(prism.folder, "proxy/main.ts")], {
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const ended = new Promise<void>((resolve) => started.once("exit", () => resolve()));
      const { port, operator_port } = await listening(started);
      const proxy: RunningProxy = {
        id,
        address: `127.0.0.1:${port}`,
        operator: `127.0.0.1:${operator_port}`,
        process: started,
        async kill(signal) {
          started.kill(signal);
          await ended;
          running.delete(proxy);
        },
      };
      running.add(proxy);
      return proxy;
    },
    async close(): Promise<void> {
      await Promise.all([...running].map((proxy) => proxy.kill("SIGKILL")));
      for (const folder of folders.values()) await rm(folder, { recursive: true, force: true });
    },
  };
}

type Ports = { readonly port: number; readonly operator_port: number };

const listening = (started: ChildProcess): Promise<Ports> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    started.once("close", (code) =>
      reject(new Error(`the proxy ended with ${code}: ${said.slice(-5).join("\n")}`)),
    );
    started.stderr?.on("data", (text) => said.push(String(text)));
    createInterface({ input: started.stdout as NonNullable<typeof started.stdout> }).on("line", (line) => {
      said.push(line);
      const told = JSON.parse(line) as Ports & { msg: string };
      if (told.msg === "proxy listens") resolve(told);
    });
  });
