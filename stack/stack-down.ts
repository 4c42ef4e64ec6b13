import { composeDown, composeStop } from "./docker.ts";
import { type Instance, lockFile, purge } from "./instance.ts";
import { locked } from "./lock.ts";
import type { Environment } from "./lookup.ts";
import type { ProcessId } from "./process-id.ts";
import { type Progress, silent } from "./progress.ts";
import type { ServerName } from "./server.ts";
import { servers } from "./servers.ts";
import {
  isOwnedBy,
  isRunning,
  mayRun,
  type ProcessRecord,
  readState,
  recordProcess,
  recordServer,
  type ServerRecord,
  type Started,
  stopped,
} from "./state.ts";
import { stopProcess } from "./stop-process.ts";

export type StackDown = {
  readonly instance: Instance;
  readonly environment: Environment;
  /** Only what was started for this process. */
  readonly ownedBy?: ProcessId;
  /** Only these servers and processes. Default: all. */
  readonly which?: (name: string) => boolean;
  /** Data, logs and secrets go too. */
  readonly purge?: boolean;
  readonly progress?: Progress;
};

/**
 * Stops what the instance started, Prism's own processes before the servers they use, and
 * resolves when none of it lives. Repeating it is harmless; what crashed stops nothing.
 */
export async function stackDown(options: StackDown): Promise<void> {
  const { instance } = options;
  await locked(lockFile(instance), () => stopAll(options));
  if (options.purge === true) purge(instance);
}

/** The same for a caller that holds the instance's lock. */
export async function stopAll(options: StackDown): Promise<void> {
  const { instance, environment, ownedBy, which = () => true, purge = false, progress = silent } = options;
  const state = readState(instance);
  const mine = ([name, record]: readonly [string, Started]) =>
    which(name) && (ownedBy === undefined || isOwnedBy(record, ownedBy));
  const stopping = async (name: string, stop: () => Promise<void>) => {
    progress.doing(name, "stopping");
    await stop();
    progress.done(name, "stopped");
  };

  const processes = Object.entries(state.processes)
    .filter(mine)
    .filter(([, record]) => isRunning(record));
  await settled(processes.map(([name, record]) => stopping(name, () => stopOurs(instance, name, record))));

  const running = Object.entries(state.servers)
    .filter(mine)
    .filter(([, record]) => mayRun(record));
  await settled(running.map(([name, record]) => stopping(name, () => stopServer(name, record, options))));

  const usedDocker = Object.values(state.servers).some(({ source }) => source === "docker");
  const leftInDocker = Object.values(readState(instance).servers).some(
    (record) => record.source === "docker" && mayRun(record),
  );
  if (usedDocker && !leftInDocker) await composeDown(instance, environment, purge);
}

async function stopOurs(instance: Instance, name: string, record: ProcessRecord): Promise<void> {
  if (record.process !== undefined) await stopProcess(record.process);
  recordProcess(instance, name, stopped(record));
}

async function stopServer(
  name: string,
  record: ServerRecord,
  { instance, environment }: StackDown,
): Promise<void> {
  const server = servers[name as ServerName];
  if (record.process !== undefined) await stopProcess(record.process, server.stopSignals);
  if (record.source === "docker") await composeStop(instance, server, environment);
  recordServer(instance, name, {
    ...stopped(record),
    ...(record.source === "docker" ? { stopped: true } : {}),
  });
}

/** All of them, also when one refuses; then the first refusal counts. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}
