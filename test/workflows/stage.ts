import { randomUUID } from "node:crypto";
import { Client, Connection, type WorkflowHandle } from "@temporalio/client";
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
  type WorkflowBundle,
} from "@temporalio/worker";
import { activities } from "../../activities/activities.ts";
import type { Moment } from "../../activities/failpoint.ts";
import type { Messages } from "../../activities/messages.ts";
import { recorder } from "../../activities/recorder.ts";
import { type Interventions, interventions, type Message } from "../../api/interventions.ts";
import type { Leases, ProxyLease } from "../../control/leases.ts";
import { teamCommands } from "../../control/team-commands.ts";
import { type ErrorCode, PrismError } from "../../domain/errors.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import type { OperationState } from "../../domain/namespace/progress.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import type { Inventory } from "../../domain/selection/inventory.ts";
import { reserved } from "../../domain/team/team.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { log } from "../../runtime/log.ts";
import { development } from "../domain/inventories.ts";
import { request as example } from "../domain/namespace/examples.ts";
import { until } from "../setup/until.ts";
import { bundled } from "./bundles.ts";
import { memoryBackend } from "./memory-backend.ts";

/** What goes wrong, where; `times`: Infinity, unless said. */
export type Fault = {
  readonly step: string;
  readonly moment: Moment;
  readonly code: ErrorCode;
  readonly times?: number;
};

/** What is left when an operation has ended. */
export type Life = {
  readonly types: readonly string[];
  readonly state: OperationState | undefined;
  readonly status: string;
  readonly version: number;
  readonly error: string | undefined;
  readonly events: readonly NamespaceEvent[];
  /** Resources of the namespace that are really there. */
  readonly left: readonly string[];
  /** Namespaces counted on its team's quota. */
  readonly quota: number;
  /** Writes per second, likewise. */
  readonly rate: number;
};

export type Play = {
  readonly namespace: string;
  readonly request: NamespaceRequest;
  readonly operation: string;
  readonly handle: WorkflowHandle;
  /** As `user:root`, unless said. */
  tell<Name extends keyof Messages>(name: Name, more?: Partial<Messages[Name]>): Promise<void>;
  /** Resolves once the operation is in the state. */
  reaches(state: OperationState): Promise<void>;
  life(): Promise<Life>;
  ended(): Promise<Life>;
};

export type Wish = {
  readonly needs?: Partial<NamespaceRequest["needs"]>;
  readonly faultsOf?: (namespace: string) => readonly Fault[];
  readonly asker?: "team" | "platform";
};

export type Change = Partial<Pick<NamespaceRequest, "access" | "policies">> & {
  readonly needs?: Partial<NamespaceRequest["needs"]>;
};

export type Stage = {
  /** The workflows' code, as the worker runs it. */
  readonly bundle: WorkflowBundle;
  /** Begins a create of a namespace of its own, of a team of its own. */
  create(name: string, wish?: Wish): Promise<Play>;
  /** Begins an update of what `play` has made. */
  update(play: Play, change: Change, wish?: Omit<Wish, "needs">): Promise<Play>;
  /** Begins a create of the same name once more. */
  again(play: Play): Promise<Play>;
  /** Begins its deletion. */
  remove(play: Play, wish?: Omit<Wish, "needs">): Promise<Play>;
  /** What was archived, by key. */
  readonly archive: ReadonlyMap<string, Uint8Array>;
  /** The API's way to tell operations. */
  readonly people: Interventions;
  /** What would be selected from now on. */
  readonly inventory: { -readonly [Kind in keyof Inventory]: Inventory[Kind] };
  readonly backends: { readonly kafka: ReturnType<typeof memoryBackend> };
  /** Stops the worker, and starts one with other code. */
  redeploy(bundle: WorkflowBundle): Promise<void>;
  close(): Promise<void>;
};

Runtime.install({ logger: new DefaultLogger("ERROR") });

const quota = { write_rps: 1e6, read_rps: 1e6, data_size: 1e15, namespaces: 1 };

/**
 * Prism's workflows and activities as they are, on a real Temporal; the event store and the
 * backends are in memory, and any moment of any step can be made to fail.
 */
export async function openStage(options: { approvalMs?: number } = {}): Promise<Stage> {
  const address = process.env["PRISM_TEMPORAL_ADDRESS"] ?? "";
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const people = interventions({ client, connection });
  const bundle = await bundled();

  const store = memoryEventStore();
  const recording = recorder(store);
  const teams = teamCommands(store);
  const kafka = memoryBackend("kafka");
  const postgres = memoryBackend("postgres");
  const faults = new Map<string, { fault: Fault; left: number }[]>();
  const archive = new Map<string, Uint8Array>();
  const inventory = { ...development };

  const taskQueue = `stage-${randomUUID()}`;
  const common = {
    connection: native,
    taskQueue,
    maxConcurrentActivityTaskExecutions: 100,
    activities: activities({
      recorder: recording,
      teams,
      failpoint: (step, moment, namespace) => {
        const hit = faults
          .get(namespace)
          ?.find(({ fault, left }) => left > 0 && fault.step === step && fault.moment === moment);
        if (hit === undefined) return;
        hit.left--;
        throw new PrismError(hit.fault.code, `told to fail at ${step}, ${moment}`);
      },
      log: log("worker", "silent"),
      inventory,
      shard: "shard-1",
      approvalMs: options.approvalMs ?? 600_000,
      backends: new Map([
        ["kafka", kafka],
        ["postgres", postgres],
      ] as const),
      leases: { live: async () => [proxy], mayServe: async () => [proxy] } as unknown as Leases,
      probe: async () => ({ messageId: "m-1", tookMs: 1 }),
      patienceMs: 1_000,
      drainMs: 100,
      drainLogMs: 100,
      logs: { close: async () => {}, reopen: async () => {}, backlog: async () => 0 },
      archive: {
        async put(key, body) {
          archive.set(key, body);
          return { bucket: "archive" };
        },
      },
    }),
  };
  let deployed = await deploy(common, bundle);

  /** One operation of its own on the namespace. */
  const begin = async (
    type: string,
    input: object,
    request: NamespaceRequest,
    wish: Omit<Wish, "needs">,
  ): Promise<Play> => {
    const { namespace, team } = request;
    const operation = randomUUID();
    faults.set(
      namespace,
      (wish.faultsOf?.(namespace) ?? []).map((fault) => ({
        fault,
        left: fault.times ?? Number.POSITIVE_INFINITY,
      })),
    );
    const occasion = { namespace, operation, actor: "user:alice", asker: wish.asker ?? "team" };
    const handle = await client.workflow.start(type, {
      workflowId: `namespace/${namespace}`,
      taskQueue,
      args: [{ occasion, timeouts, ...input }],
    });
    const life = async (): Promise<Life> => {
      const { state, events } = await recording.read(namespace);
      const all = [...kafka.names(), ...postgres.names()];
      return {
        types: events.map(({ type: each }) => each),
        state: state.operation?.state,
        status: state.status,
        version: state.version,
        error: state.operation?.error?.code,
        events,
        left: all.filter((each) => each.replaceAll("_", "-").includes(namespace)),
        quota: reserved(await teams.read(team)).namespaces,
        rate: reserved(await teams.read(team)).write_rps,
      };
    };
    return {
      namespace,
      request,
      operation,
      handle,
      life,
      async tell(verb, more) {
        const told = { operation, by: "user:root", ...more };
        const message = { verb, namespace, told, revision: randomUUID() } as Message;
        // Between two phases nobody listens.
        await until(async () => (await people.tell(message, new Date(Date.now() + 10_000))) === "told");
      },
      reaches: (state) => until(async () => (await life()).state === state),
      async ended() {
        await handle.result();
        return life();
      },
    };
  };

  return {
    bundle,
    people,
    inventory,
    backends: { kafka },
    archive,
    async create(name, wish = {}) {
      const namespace = `${name}-${randomUUID().slice(0, 8)}`;
      const team = `team-of-${namespace}`;
      const define = { type: "DefineTeam", team, quota } as const;
      await teams.decide({ team, command: define, operation: randomUUID(), actor: "user:root" });
      const request = { ...example, namespace, team, needs: { ...example.needs, ...wish.needs } };
      return begin("createNamespace", { request }, request, wish);
    },
    update({ request }, change, wish = {}) {
      const next = { ...request, ...change, needs: { ...request.needs, ...change.needs } };
      return begin("updateNamespace", { request: next }, next, wish);
    },
    again: ({ request }) => begin("createNamespace", { request }, request, {}),
    remove({ request }, wish = {}) {
      return begin("deleteNamespace", { confirm: request.namespace }, request, wish);
    },
    async redeploy(next) {
      await deployed.stop();
      deployed = await deploy(common, next);
    },
    async close() {
      await deployed.stop();
      await native.close();
      await connection.close();
    },
  };
}

async function deploy(
  options: Omit<WorkerOptions, "workflowBundle">,
  workflowBundle: WorkflowBundle,
): Promise<{ stop: () => Promise<void> }> {
  const worker = await Worker.create({ ...options, workflowBundle });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
    },
  };
}

/** Four attempts of a step, two of an undo: then it is used up. */
const timeouts = { heartbeatMs: 5_000, startToCloseMs: 10_000, stepAttempts: 4, undoAttempts: 2 };

const proxy: Pick<
  ProxyLease,
  "proxy" | "shard" | "address" | "region" | "appliedVersion" | "refused" | "inFlight"
> = {
  proxy: "proxy-1",
  shard: "shard-1",
  address: "127.0.0.1:8980",
  region: "local",
  appliedVersion: 10n ** 12n,
  refused: {},
  inFlight: {},
};
