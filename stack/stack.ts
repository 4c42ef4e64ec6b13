import { addressOf } from "./address.ts";
import { type BringUp, bringUp } from "./bring-up.ts";
import { credentials } from "./credentials.ts";
import { composeVariables, dockerRuns } from "./docker.ts";
import { checkoutInstance, type Instance, instanceSecret, lockFile, makeFolder } from "./instance.ts";
import { lock } from "./lock.ts";
import { type Environment, machine } from "./lookup.ts";
import { alive, type ProcessId, self } from "./process-id.ts";
import { type Progress, silent } from "./progress.ts";
import { type Planned, plan } from "./seat.ts";
import { type Server, type ServerName, serverNames } from "./server.ts";
import { servers } from "./servers.ts";
import { stackDown, stopAll } from "./stack-down.ts";
import { readState, recordServer, type ServerRecord } from "./state.ts";
import { watch } from "./watch.ts";

/** What the first request travels through; the rest comes up beside it. */
const firstNeeded: readonly ServerName[] = ["temporal", "postgres-control", "postgres-data", "kafka"];

export type StackOptions = {
  /** Where servers already given are read from, and what started ones inherit. */
  readonly environment: Environment;
  /** Default: this checkout's own. */
  readonly instance?: Instance;
  /** What must answer before `stackUp` resolves. Default: `firstNeeded`. */
  readonly needed?: readonly ServerName[];
  /** What is brought up at all. Default: every server. */
  readonly wanted?: readonly ServerName[];
  /** Stop what this call started when this process ends, however it ends. Default false: it stays until `stackDown`. */
  readonly owned?: boolean;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
};

export type Stack = {
  readonly instance: Instance;
  readonly wanted: readonly ServerName[];
  /**
   * Every PRISM_* address and credential file. Complete at once, also for servers that are
   * still on their way.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Resolves when that server answers, rejects with why it will not. */
  ready(name: ServerName): Promise<ServerRecord>;
  /** Resolves when every server has come up or failed. */
  readonly settled: Promise<void>;
  /** Stops what was started for this process (`owned`); nothing else. */
  close(): Promise<void>;
};

/**
 * Finds or starts the servers, all side by side, and resolves when the needed ones answer.
 * When one of those fails, or the signal aborts, what this call started is stopped and it
 * rejects. A second call, also in another process, finds what runs.
 */
export async function stackUp(options: StackOptions): Promise<Stack> {
  const {
    instance = checkoutInstance(options.environment),
    wanted = serverNames,
    progress = silent,
  } = options;
  const needed = (options.needed ?? firstNeeded).filter((name) => wanted.includes(name));
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const owner = options.owned === true ? self() : undefined;

  const waiting = ({ pid }: { pid: number }) =>
    progress.doing("stack", `waiting for process ${pid}, which is at it`);
  makeFolder(instance);
  const release = await lock(lockFile(instance), { waiting, signal });
  if (owner !== undefined) watch(instance, owner);
  const plans = await planAll(instance, options.environment, wanted);
  const environment = {
    ...credentials(instance, options.environment),
    ...Object.assign({}, ...plans.map(({ plan }) => plan.environment)),
  };
  const started = new Set<string>();
  const compose = Object.assign({}, ...plans.map(({ server, plan }) => composeOf(instance, server, plan)));
  const context = {
    instance,
    ...asking(options.environment),
    compose,
    owner,
    signal,
    progress,
    environment,
    started,
    needed,
  };
  const comings = new Map(plans.map(({ server, plan }) => [server.name, comeUp(server, plan, context)]));
  const settled = Promise.allSettled(comings.values());

  try {
    await Promise.all(needed.map((name) => comings.get(name)));
  } catch (error) {
    stop.abort(error);
    await settled;
    await stopAll({ instance, environment: options.environment, which: (name) => started.has(name) });
    release();
    throw error;
  }
  const released = settled.then(release);
  return {
    instance,
    wanted,
    environment,
    settled: released,
    ready: (name) => comings.get(name) ?? Promise.reject(new Error(`${name} was not asked for`)),
    async close() {
      stop.abort(new Error("the stack is being stopped"));
      await released;
      if (owner === undefined) return;
      await stackDown({
        instance,
        environment: options.environment,
        ownedBy: owner,
        purge: instance.temporary,
      });
    },
  };
}

type Context = Omit<BringUp, "say" | "idly"> & {
  readonly needed: readonly ServerName[];
  readonly progress: Progress;
  readonly environment: Record<string, string>;
  readonly started: Set<string>;
};

async function comeUp(server: Server, planned: Planned, context: Context): Promise<ServerRecord> {
  const { instance, owner, progress, environment } = context;
  const say = (text: string) => progress.doing(server.name, text);
  try {
    say("looking for it");
    const { record, started } = await bringUp(server, planned, {
      ...context,
      say,
      idly: !context.needed.includes(server.name),
    });
    if (started) context.started.add(server.name);
    // It may have had to take other ports than planned.
    Object.assign(environment, record.environment);
    const kept = started ? record : adopt(instance, server.name, record, owner);
    progress.done(server.name, `${started ? "ready" : "found"} at ${addressOf(record)}`);
    return kept;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    progress.failed(server.name, context.signal.aborted ? "given up" : why);
    throw error;
  }
}

/** Of a server that is not Docker's business, any port will do: it runs there only because another leans on it. */
function composeOf(instance: Instance, server: Server, planned: Planned): Record<string, string> {
  const any = Object.fromEntries(Object.keys(server.ports).map((port) => [port, 0]));
  const ports =
    planned.kind === "absent" ? planned.seat.ports : planned.kind === "running" ? planned.record.ports : any;
  return composeVariables(server, { ports, secret: instanceSecret(instance) });
}

/** What a crashed owner left running is ours now; what belongs to somebody living stays theirs. */
function adopt(
  instance: Instance,
  name: string,
  record: ServerRecord,
  owner: ProcessId | undefined,
): ServerRecord {
  if (record.owner === undefined || alive(record.owner)) return record;
  const { owner: _dead, ...rest } = record;
  const adopted = owner === undefined ? rest : { ...rest, owner };
  recordServer(instance, name, adopted);
  return adopted;
}

const planAll = (instance: Instance, environment: Environment, wanted: readonly ServerName[]) =>
  Promise.all(
    wanted.map(async (name) => {
      const server = servers[name];
      return {
        server,
        plan: await plan(server, { instance, environment, record: readState(instance).servers[name] }),
      };
    }),
  );

/** Docker is asked once, and only if some server has to be looked for there. */
function asking(environment: Environment): Pick<BringUp, "lookup" | "docker"> {
  const lookup = machine(environment);
  let answer: Promise<boolean> | undefined;
  return { lookup, docker: () => (answer ??= dockerRuns(lookup)) };
}
