import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { checkout, type Instance, stateFile } from "./instance.ts";
import { alive, type ProcessId } from "./process-id.ts";
import type { Ports } from "./server.ts";

/** Where a server came from. */
type Source = "environment" | "path" | "docker" | "registry";

/** What is known of something that was started; without `process` it does not run here any more. */
export type Started = {
  readonly ports: Ports;
  readonly process?: ProcessId;
  /** Who wants it stopped when they end; without one it stays until `prism stack down`. */
  readonly owner?: ProcessId;
  readonly log?: string;
  readonly since: string;
};

export type ServerRecord = Started & {
  readonly source: Source;
  /** A container has no process here to look for. */
  readonly stopped?: true;
  readonly environment: Readonly<Record<string, string>>;
};

export type ProcessRecord = Started & { readonly fingerprint: string };

/** `stack.json`, mode 0600: it holds passwords. */
export type StackState = {
  readonly checkout: string;
  readonly servers: Readonly<Record<string, ServerRecord>>;
  readonly processes: Readonly<Record<string, ProcessRecord>>;
};

const nothing: StackState = { checkout, servers: {}, processes: {} };

/** An unreadable file is an empty one: servers then start on free ports and their old data. */
export function readState(instance: Instance): StackState {
  try {
    return { ...nothing, ...(JSON.parse(readFileSync(stateFile(instance), "utf8")) as StackState) };
  } catch {
    return nothing;
  }
}

/** Synchronous, so that nothing comes between a process's start and its record. */
function changeState(instance: Instance, change: (state: StackState) => StackState): void {
  const file = stateFile(instance);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(change(readState(instance)), null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

export const recordServer = (instance: Instance, name: string, record: ServerRecord): void =>
  changeState(instance, (state) => ({ ...state, servers: { ...state.servers, [name]: record } }));

export const recordProcess = (instance: Instance, name: string, record: ProcessRecord): void =>
  changeState(instance, (state) => ({ ...state, processes: { ...state.processes, [name]: record } }));

export const isRunning = ({ process }: Started): boolean => process !== undefined && alive(process);

/** Whether it is worth asking: it runs, or is Docker's and was not stopped by us. */
export const mayRun = (record: ServerRecord): boolean =>
  isRunning(record) || (record.source === "docker" && record.stopped !== true);

export const isOwnedBy = ({ owner }: Started, { pid, startTime }: ProcessId): boolean =>
  owner?.pid === pid && owner.startTime === startTime;

/** It keeps its ports, so that the next start can take them again. */
export function stopped<T extends Started>({ process: _process, owner: _owner, ...rest }: T) {
  return rest;
}
