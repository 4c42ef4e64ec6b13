import { composeDown, composePurge } from "./docker.ts";
import { type Instance, lockFile, purge } from "./instance.ts";
import { locked } from "./lock.ts";
import type { ProcessId } from "./process-id.ts";
import type { Progress } from "./progress.ts";
import { silent } from "./progress.ts";
import type { Environment, ServerName } from "./server.ts";
import { servers } from "./servers.ts";
import {
  changeState,
  isOwnedBy,
  isRunning,
  readState,
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
  const { instance, environment, ownedBy, which = () => true, purge, progress = silent } = options;
  const state = readState(instance);
  const mine = ([name, record]: [string, Started]) =>
    which(name) && (ownedBy === undefined || isOwnedBy(record, ownedBy));
  const stop = async ([name, record]: [string, Started | ServerRecord]) => {
    if ("source" in record && record.source === "docker") {
      progress.doing(name, "stopping in Docker");
      await composeDown(instance, servers[name as ServerName], environment);
      forget(instance, "servers", name);
    } else if (isRunning(record) && record.process !== undefined) {
      progress.doing(name, "stopping");
      await stopProcess(record.process, servers[name as ServerName]?.stopSignals);
      forget(instance, name in state.servers ? "servers" : "processes", name);
    } else return;
    progress.done(name, "stopped");
  };
  await settled(Object.entries(state.processes).filter(mine).map(stop));
  await settled(Object.entries(state.servers).filter(mine).map(stop));
  const inDocker = Object.values(state.servers).some(({ source }) => source === "docker");
  if (purge === true && inDocker) await composePurge(instance, environment);
}

/** All of them, also when one refuses; then the first refusal counts. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

function forget(instance: Instance, kind: "servers" | "processes", name: string): void {
  changeState(instance, (state) => {
    const record = state[kind][name];
    if (record === undefined) return state;
    return { ...state, [kind]: { ...state[kind], [name]: stopped(record) } };
  });
}
