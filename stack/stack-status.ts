import { addressOf } from "./address.ts";
import { checkoutInstance, type Instance } from "./instance.ts";
import type { Environment } from "./lookup.ts";
import { kinds, type ProcessName, processNames } from "./process-ports.ts";
import { isGiven } from "./resolve.ts";
import { given } from "./seat.ts";
import { type ServerName, serverNames } from "./server.ts";
import { servers } from "./servers.ts";
import { stackEnvironment } from "./stack-environment.ts";
import { isRunning, readState, type ServerRecord, type Started } from "./state.ts";
import { untilAnswers } from "./until-answers.ts";

/** `silent`: the process lives and does not answer. */
export type Condition = "running" | "silent" | "stopped";

export type ServerStatus = {
  readonly name: ServerName;
  readonly condition: Condition;
  /** Where it came from; null for what was never started. */
  readonly source: ServerRecord["source"] | null;
  /** Without password; those are in `environment`. */
  readonly address: string | null;
  readonly pid: number | null;
  readonly since: string | null;
  readonly log: string | null;
};

export type ProcessStatus = Omit<ServerStatus, "name" | "source" | "address"> & {
  readonly name: ProcessName;
  /** By what listens there, as `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
};

export type StackStatus = {
  readonly instance: string;
  readonly folder: string;
  readonly servers: readonly ServerStatus[];
  readonly processes: readonly ProcessStatus[];
  /** What a client or process of this stack is told: with passwords. */
  readonly environment: Readonly<Record<string, string>>;
};

/** What of the instance runs, asked at this moment. */
export async function stackStatus(
  environment: Environment,
  instance: Instance = checkoutInstance(environment),
): Promise<StackStatus> {
  const state = readState(instance);
  const [found, processes] = await Promise.all([
    Promise.all(serverNames.map((name) => serverStatus(name, state.servers[name], environment))),
    Promise.all(processNames.map((name) => processStatus(name, state.processes[name]))),
  ]);
  return {
    instance: instance.name,
    folder: instance.folder,
    servers: found,
    processes,
    environment: stackEnvironment(environment, instance),
  };
}

async function serverStatus(
  name: ServerName,
  record: ServerRecord | undefined,
  environment: Environment,
): Promise<ServerStatus> {
  const server = servers[name];
  if (isGiven(server, environment)) {
    const own = given(server, environment);
    const condition = (await answers((signal) => server.answers(own, signal))) ? "running" : "silent";
    return { name, condition, source: "environment", address: addressOf({ environment: own }), ...unknown };
  }
  if (record === undefined) return { name, condition: "stopped", source: null, address: null, ...unknown };
  const { source } = record;
  const condition = await conditionOf(record, source === "docker", (signal) =>
    server.answers(record.environment, signal),
  );
  return { name, condition, source, address: addressOf(record), ...facts(record, condition) };
}

async function processStatus(name: ProcessName, record: Started | undefined): Promise<ProcessStatus> {
  if (record === undefined) return { name, condition: "stopped", addresses: {}, ...unknown };
  const ready = `http://127.0.0.1:${record.ports[kinds[name].ready]}/readyz`;
  const condition = await conditionOf(record, false, async (signal) => {
    const answer = await fetch(ready, { signal });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`/readyz says ${answer.status}`);
  });
  const addresses = Object.entries(record.ports).map(([port, number]) => [port, `127.0.0.1:${number}`]);
  return {
    name,
    condition,
    addresses: condition === "stopped" ? {} : Object.fromEntries(addresses),
    ...facts(record, condition),
  };
}

async function conditionOf(
  record: Started,
  elsewhere: boolean,
  ask: (signal: AbortSignal) => Promise<void>,
): Promise<Condition> {
  if (!isRunning(record) && !elsewhere) return "stopped";
  if (await answers(ask)) return "running";
  return elsewhere ? "stopped" : "silent";
}

const answers = (ask: (signal: AbortSignal) => Promise<void>): Promise<boolean> =>
  untilAnswers(ask, { patienceMs: 500, signal: AbortSignal.timeout(3_000) }).then(
    () => true,
    () => false,
  );

const unknown = { pid: null, since: null, log: null };

const facts = (record: Started, condition: Condition) => ({
  pid: condition === "stopped" ? null : (record.process?.pid ?? null),
  since: condition === "stopped" ? null : record.since,
  log: record.log ?? null,
});
