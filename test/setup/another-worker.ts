import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestPrism } from "./prism.ts";

const main = fileURLToPath(new URL("../../activities/main.ts", import.meta.url));

export type AnotherWorker = {
  /** Resolves when it is gone. */
  stop(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
};

/** A worker beside the one of a test's Prism; resolves when it takes work. */
export async function anotherWorker(prism: TestPrism): Promise<AnotherWorker> {
  const env = {
    ...prism.environment,
    ...(await prism.certificate({ role: "control", name: "another-worker" })),
    PRISM_WORKER_OPERATOR_PORT: "0",
    PRISM_LOG_LEVEL: "info",
  };
  const started = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => started.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    started.once("exit", (code) => reject(new Error(`the worker ended with ${code}`)));
    createInterface(started.stdout).on("line", (line) => {
      if (line.includes('"worker is up"')) resolve();
    });
  });
  return {
    async stop(signal) {
      started.kill(signal);
      await ended;
    },
  };
}
