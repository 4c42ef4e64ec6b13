import { hostname } from "node:os";
import { join } from "node:path";
import type { Peer } from "../runtime/peer.ts";
import { cacheFolder } from "./cache.ts";
import { fingerprint } from "./fingerprint.ts";
import { checkout, type Instance, logFile, makeFolder } from "./instance.ts";
import { lastLines } from "./last-lines.ts";
import type { Environment } from "./lookup.ts";
import { alive, type ProcessId, self } from "./process-id.ts";
import {
  kinds,
  type ProcessName,
  type ProcessPorts,
  portVariables,
  processAddresses,
  processNames,
  processPorts,
} from "./process-ports.ts";
import { type Progress, silent } from "./progress.ts";
import { type Spawned, spawnDetached } from "./spawn-detached.ts";
import { readState, recordProcess, stopped } from "./state.ts";
import { stopProcess } from "./stop-process.ts";
import { untilAnswers } from "./until-answers.ts";
import { watch } from "./watch.ts";

export type { ProcessName };

export type ProcessOptions = {
  readonly instance: Instance;
  /** The stack's addresses, the PATH, and whatever else the processes shall be told. */
  readonly environment: Environment;
  /** Where their code is. Default: this checkout. */
  readonly folder?: string;
  /** Which to start at once. Default: all. */
  readonly names?: readonly ProcessName[];
  /** They end with this process, as an owned stack's servers do. */
  readonly owned?: boolean;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told when one that was started here ends unasked, with the end of its log. Nothing is restarted. */
  readonly died?: (name: ProcessName, how: string) => void;
};

export type Processes = {
  readonly addresses: ReturnType<typeof processAddresses>;
  /** The variables that tell where they listen. */
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves when it is ready; `extra` is added to what it is told. One that runs just so is left alone. */
  start(name: ProcessName, extra?: Environment): Promise<void>;
  /** Resolves when it is gone. SIGTERM is followed by SIGKILL after twenty seconds. */
  stop(name: ProcessName, signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  running(name: ProcessName): boolean;
  logFile(name: ProcessName): string;
};

/** Finds or starts Prism's own processes, side by side; rejects when one does not become ready. */
export async function startProcesses(options: ProcessOptions): Promise<Processes> {
  const { instance, progress = silent, names = processNames } = options;
  makeFolder(instance);
  const ports = await processPorts(instance, options.environment);
  const environment = portVariables(ports);
  const told = { ...options.environment, ...environment, ...ownVariables(options) };
  const owner = options.owned === true ? self() : undefined;
  if (owner !== undefined) watch(instance, owner);
  const context: Context = { ...options, progress, ports, owner, leaving: new Set() };

  const processes: Processes = {
    addresses: processAddresses(ports),
    environment,
    async start(name, extra = {}) {
      const environment = { ...told, ...extra };
      await start(name, { ...environment, ...(await identity(instance, name, environment)) }, context);
    },
    stop: (name, signal) => stop(name, signal, context),
    running: (name) => idOf(instance, name) !== undefined,
    logFile: (name) => logFile(instance, name),
  };
  await Promise.all(names.map((name) => processes.start(name)));
  return processes;
}

type Context = ProcessOptions & {
  readonly progress: Progress;
  readonly ports: ProcessPorts;
  readonly owner: ProcessId | undefined;
  /** Those that we stop ourselves: their end is no death to report. */
  readonly leaving: Set<number>;
};

const ownVariables = ({ instance, environment }: ProcessOptions): Record<string, string> => ({
  PRISM_PROXY_DATA_DIR: join(instance.folder, "proxy"),
  PRISM_WORKFLOW_CACHE: join(cacheFolder(environment), "..", "workflows"),
  // Node then keeps the compiled form of what it strips and parses: a start takes half as long.
  NODE_COMPILE_CACHE: join(cacheFolder(environment), "..", "compiled"),
});

/** Who it is to the other processes, unless it was told: a proxy may run under any id. */
async function identity(instance: Instance, name: ProcessName, told: Environment): Promise<Environment> {
  if (told["PRISM_CONTROL_CERT"]) return {};
  // Only here: whoever just asks how the stack is need not load it.
  const { certificateFiles } = await import("./certificates.ts");
  if (name !== "proxy") return certificateFiles(instance, { role: "control", name });
  const id = told["PRISM_PROXY_ID"] || `proxy-${hostname()}-${told["PRISM_PROXY_PORT"]}`;
  const peer: Peer = { role: "proxy", shard: told["PRISM_SHARD"] || "shard-1", id };
  return { ...(await certificateFiles(instance, peer)), PRISM_PROXY_ID: id };
}

async function start(name: ProcessName, environment: Environment, context: Context): Promise<void> {
  const { instance, ports, progress } = context;
  const address = `127.0.0.1:${ports[name][kinds[name].ready]}`;
  const print = fingerprint(environment);
  const running = idOf(instance, name);
  if (running !== undefined && readState(instance).processes[name]?.fingerprint === print) {
    if (await becomesReady(address, context).catch(() => false))
      return progress.done(name, `found at ${address}`);
  }
  if (running !== undefined) await stop(name, "SIGTERM", context);
  progress.doing(name, "starting");
  try {
    await launch(name, environment, print, address, context);
  } catch (error) {
    progress.failed(name, error instanceof Error ? error.message : String(error));
    throw error;
  }
  progress.done(
    name,
    `ready at ${Object.values(ports[name])
      .map((port) => `127.0.0.1:${port}`)
      .join(" and ")}`,
  );
}

async function launch(
  name: ProcessName,
  environment: Environment,
  print: string,
  address: string,
  context: Context,
): Promise<void> {
  const { instance, ports, owner, folder = checkout } = context;
  const log = logFile(instance, name);
  const command = { program: process.execPath, args: [join(folder, kinds[name].main)], env: environment };
  const spawned = spawnDetached(command, { logFile: log, cwd: folder });
  recordProcess(instance, name, {
    ports: ports[name],
    process: spawned.id,
    ...(owner === undefined ? {} : { owner }),
    log,
    fingerprint: print,
    since: new Date().toISOString(),
  });
  try {
    await becomesReady(address, context, spawned);
  } catch (cause) {
    context.leaving.add(spawned.id.pid);
    await stopProcess(spawned.id, ["SIGTERM"], 3_000);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${name} did not become ready: ${why}\n${lastLines(log, 6)}\n(whole log: ${log})`, {
      cause,
    });
  }
  spawned.ended.then((how) => {
    if (!context.leaving.has(spawned.id.pid))
      context.died?.(name, `${how}\n${lastLines(log, 6)}\n(whole log: ${log})`);
  });
}

const readyPatienceMs = 60_000;

async function becomesReady(address: string, { signal }: Context, spawned?: Spawned): Promise<true> {
  const ask = async (each: AbortSignal) => {
    const answer = await fetch(`http://${address}/readyz`, { signal: each });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`/readyz says ${answer.status}: ${text.slice(0, 500)}`);
  };
  const patienceMs = spawned === undefined ? 5_000 : readyPatienceMs;
  const ended = spawned === undefined ? {} : { ended: spawned.ended };
  await untilAnswers(ask, { patienceMs, signal: signal ?? new AbortController().signal, ...ended });
  return true;
}

async function stop(
  name: ProcessName,
  signal: "SIGTERM" | "SIGKILL" = "SIGTERM",
  context: Context,
): Promise<void> {
  const { instance, leaving } = context;
  const id = idOf(instance, name);
  if (id === undefined) return;
  leaving.add(id.pid);
  await stopProcess(id, signal === "SIGKILL" ? [] : ["SIGTERM"], 20_000);
  const record = readState(instance).processes[name];
  if (record !== undefined) recordProcess(instance, name, stopped(record));
}

function idOf(instance: Instance, name: ProcessName): ProcessId | undefined {
  const id = readState(instance).processes[name]?.process;
  return id !== undefined && alive(id) ? id : undefined;
}
