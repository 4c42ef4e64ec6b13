import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { purge, temporaryInstance } from "../../stack/instance.ts";
import { ownDatabases } from "../setup/databases.ts";
import { until } from "../setup/until.ts";

const root = resolve(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** Every command of the blocks that are marked to be run, in the order they stand there. */
const commands = [...readme.matchAll(/<!-- run -->\s*```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block ?? "").split("\n"))
  .filter((line) => line.trim() !== "" && !line.startsWith("#"));

/** What `npm start` is shown to print. */
const shown = /<!-- output:demo -->\s*```\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";

/** Figures, times and addresses differ from run to run; everything else must be as it is shown. */
const shape = (line: string): string => line.replace(/\d[\d,.]*/g, "N").trim();

describe("what the README tells a newcomer to do", () => {
  const instance = temporaryInstance();
  let started: ChildProcess;
  let printed = "";
  let environment: Record<string, string>;
  let dropDatabases: () => Promise<void>;

  beforeAll(async () => {
    const databases = await ownDatabases(process.env, randomUUID().slice(0, 8));
    dropDatabases = databases.drop;
    environment = {
      ...(process.env as Record<string, string>),
      ...databases.urls,
      PRISM_STATE_DIR: instance.folder,
      PRISM_TASK_QUEUE: `readme-${instance.name}`,
      NO_COLOR: "1",
    };
    started = spawn("npm", ["start"], {
      cwd: root,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    started.stdout?.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
    });
    started.stderr?.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
    });
    await until(() => /^prism is ready$/m.test(printed) || started.exitCode !== null, 110_000);
    if (started.exitCode !== null)
      throw new Error(`npm start ended:
${printed}`);
  });
  afterAll(async () => {
    if (started?.exitCode === null && started.signalCode === null) await controlC();
    await dropDatabases?.();
    purge(instance);
  });

  /** As a terminal does it: to all that runs in the foreground. Resolves with the exit code. */
  const controlC = async (): Promise<number | null> => {
    const gone = new Promise<number | null>((leave) => started.once("exit", leave));
    process.kill(-(started.pid ?? 0), "SIGINT");
    return gone;
  };

  it("shows what `npm start` prints", () => {
    const lines = new Set(printed.split("\n").map(shape));
    const missing = shown.split("\n").filter((line) => line.trim() !== "" && !lines.has(shape(line)));
    expect(shown.length).toBeGreaterThan(200);
    expect(missing).toEqual([]);
  });

  it("has commands to run", () => expect(commands.length).toBeGreaterThanOrEqual(7));

  it("works, line by line, in one shell", async () => {
    const script = commands
      .map((command) => `echo '$ ${command.replaceAll("'", "'\\''")}'\n${command}`)
      .join("\n");
    const shell = promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
      cwd: root,
      env: environment,
    });
    const { stdout } = await shell;
    expect(stdout).toContain("order-processing-queue");
    expect(stdout).toMatch(/status\s+active/);
    expect(stdout).toContain("NamespaceActivated");
    expect(stdout).toContain("published 1 message to order-processing orders");
    expect(stdout.match(/"order_id":\s?\d+/g)?.length).toBeGreaterThanOrEqual(5);
    expect(stdout).toMatch(/wal\s+yes/);
  }, 300_000);

  it("stops at Ctrl-C what it started", async () => {
    const api = /REST|API documentation\s+(http:\/\/\S+)\/docs/.exec(printed)?.[1] ?? "";
    expect((await fetch(`${api}/healthz`)).status).toBe(200);
    await controlC();
    await expect(fetch(`${api}/healthz`)).rejects.toThrow();
  });
});
