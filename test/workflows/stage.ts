import { randomUUID } from "node:crypto";
import { Client, Connection, type WorkflowHandle } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, type WorkflowBundle } from "@temporalio/worker";
import { activities } from "../../activities/activities.ts";
import { recorder } from "../../activities/recorder.ts";
import { isRunning } from "../../activities/schedule.ts";
import { type Interventions, interventions, type Message } from "../../api/interventions.ts";
import type { Leases } from "../../control/leases.ts";
import { shards } from "../../control/shards.ts";
import type { SeenFinding } from "../../control/sweeps.ts";
import { type TeamCommands, teamCommands } from "../../control/team-commands.ts";
import { PrismError } from "../../domain/errors.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import type { Inventory } from "../../domain/selection/inventory.ts";
import type { Amounts } from "../../domain/team/quota.ts";
import { reserved } from "../../domain/team/team.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { log } from "../../runtime/log.ts";
import { development } from "../domain/inventories.ts";
import { request as example } from "../domain/namespace/examples.ts";
import { until } from "../setup/until.ts";
import { bundled } from "./bundles.ts";
import { type MemoryBackend, memoryBackend } from "./memory-backend.ts";
import { type MemoryDataPlane, memoryDataPlane } from "./memory-data-plane.ts";
import { memoryDataSizes } from "./memory-data-sizes.ts";
import { memorySweeps } from "./memory-sweeps.ts";
import { plantedFaults } from "./planted-faults.ts";
import type { Change, Fault, Life, Play, Wish } from "./play.ts";
import { deploy, dying, proxy, timeouts } from "./stage-worker.ts";

export type Swept = {
  readonly state: string | undefined;
  readonly findings: readonly SeenFinding[];
  readonly handle: WorkflowHandle;
};

export type Stage = Pick<MemoryDataPlane, "barriers" | "closed" | "slow" | "full" | "deaf"> & {
  /** The workflows' code, as the worker runs it. */
  readonly bundle: WorkflowBundle;
  /** What a create asks for of a namespace of its own, of a team of its own, which may have so much. */
  unborn(name: string, quota?: Amounts): Promise<NamespaceRequest>;
  /** Begins a create of such a one. */
  create(name: string, wish?: Wish): Promise<Play>;
  /** Begins an update of what `play` has made. */
  update(play: Pick<Play, "request">, change: Change, wish?: Omit<Wish, "needs">): Promise<Play>;
  /** Begins a create of the same name once more. */
  again(play: Pick<Play, "request">, wish?: Wish): Promise<Play>;
  /** Begins its deletion. */
  remove(play: Pick<Play, "request">, wish?: Omit<Wish, "needs">): Promise<Play>;
  /** Begins a rewind of its relay. */
  rewind(play: Pick<Play, "request">, wish?: Omit<Wish, "needs">): Promise<Play>;
  /** Begins a move to another shard. */
  move(play: Pick<Play, "request">, wish?: Omit<Wish, "needs"> & { readonly to?: string }): Promise<Play>;
  /** What was archived, by key. */
  readonly archive: ReadonlyMap<string, Uint8Array>;
  /** The API's way to tell operations. */
  readonly people: Interventions;
  /** What would be selected from now on. */
  readonly inventory: { -readonly [Kind in keyof Inventory]: Inventory[Kind] };
  readonly backends: { readonly kafka: MemoryBackend; readonly postgres: MemoryBackend };
  /** What goes wrong in operations of the namespace from now on. */
  fail(namespace: string, some: readonly Fault[]): void;
  readonly teams: TeamCommands;
  /** Looks at everything once, and answers what was found of the namespace; `faults`: of the sweep itself. */
  sweep(namespace: string, options?: { by?: string; faults?: readonly Fault[] }): Promise<Swept>;
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
  const recording = dying(recorder(store), (namespace) => dead.delete(namespace));
  const teams = teamCommands(store);
  const kafka = memoryBackend("kafka");
  const postgres = memoryBackend("postgres");
  const faults = plantedFaults();
  /** Namespaces of which an attempt has just died. */
  const dead = new Set<string>();
  const archive = new Map<string, Uint8Array>();
  const looks = memorySweeps();
  const inventory = { ...development };
  const { barrier, logs, probe, ...plane } = memoryDataPlane();

  const places = shards(store, { home: "shard-1" });
  for (const shard of ["shard-2", "shard-3"]) {
    const command = { type: "DefineShard", weight: 1e-9 } as const;
    await places.decide({ shard, command, operation: randomUUID(), actor: "user:root" });
  }

  const taskQueue = `stage-${randomUUID()}`;
  const common = {
    connection: native,
    taskQueue,
    maxConcurrentActivityTaskExecutions: 100,
    activities: activities({
      recorder: recording,
      store,
      sweeps: looks,
      dataSizes: memoryDataSizes(),
      isAtWork: (name) => isRunning({ client }, `namespace/${name}`),
      teams,
      failpoint: (step, moment, namespace) => {
        const fault = faults.met(namespace, step, moment);
        if (fault === undefined) return;
        if (fault.deadly) dead.add(namespace);
        throw new PrismError(fault.code, `told to fail at ${step}, ${moment}`);
      },
      log: log("worker", "silent"),
      inventory,
      shards: places,
      approvalMs: options.approvalMs ?? 600_000,
      backends: new Map([
        ["kafka", kafka],
        ["postgres", postgres],
      ] as const),
      leases: { live: async () => [proxy], mayServe: async () => [proxy] } as unknown as Leases,
      probe,
      patienceMs: 1_000,
      staleMs: 900_000,
      drainMs: 100,
      moveGraceMs: 10,
      drainLogMs: 600_000,
      barrier,
      barrierMs: 2_000,
      logs,
      rewind: async () => ({ messages: 7, from: "12" }),
      archive: {
        async put(key, body) {
          archive.set(key, body);
          return { bucket: "archive" };
        },
      },
    }),
  };
  let deployed = await deploy(common, bundle);

  const settingsOf = (namespace: string) =>
    Object.fromEntries(
      [...kafka.settings(), ...postgres.settings()].filter(([name]) =>
        name.replaceAll("_", "-").includes(namespace),
      ),
    );

  /** One operation of its own on the namespace. */
  const begin = async (
    type: string,
    input: object,
    request: NamespaceRequest,
    wish: Omit<Wish, "needs">,
  ): Promise<Play> => {
    const { namespace, team } = request;
    const operation = randomUUID();
    faults.plant(namespace, wish.faultsOf?.(namespace) ?? []);
    const occasion = { namespace, operation, actor: "user:alice", asker: wish.asker ?? "team" };
    const handle = await client.workflow.start(type, {
      workflowId: `namespace/${namespace}`,
      taskQueue,
      args: [{ occasion, timeouts, ...input }],
    });
    const life = async (): Promise<Life> => {
      const { state, events } = await recording.read(namespace);
      const settings = settingsOf(namespace);
      const held = reserved(await teams.read(team));
      return {
        settings,
        types: events.map(({ type: each }) => each),
        state: state.operation?.state,
        status: state.status,
        version: state.version,
        error: state.operation?.error?.code,
        events,
        left: Object.keys(settings),
        quota: held.namespaces,
        rate: held.write_rps,
        reserved: held,
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

  const unborn = async (name: string, may: Amounts = quota): Promise<NamespaceRequest> => {
    const namespace = `${name}-${randomUUID().slice(0, 8)}`;
    const team = `team-of-${namespace}`;
    const define = { type: "DefineTeam", team, quota: may } as const;
    await teams.decide({ team, command: define, operation: randomUUID(), actor: "user:root" });
    return { ...example, namespace, team };
  };

  return {
    bundle,
    people,
    inventory,
    backends: { kafka, postgres },
    fail: faults.plant,
    teams,
    async sweep(namespace, { by = "user:root", faults: some = [] } = {}) {
      faults.plant("*", some);
      const asked = { operation: randomUUID(), by };
      const handle = await client.workflow.start("reconcileFleet", {
        workflowId: `reconcile/${asked.operation}`,
        taskQueue,
        args: [{ timeouts, everyMs: 0, waiting: [asked] }],
      });
      await handle.result();
      const { state } = (await looks.get(asked.operation)) ?? {};
      const findings = looks.foundBy(asked.operation).filter((one) => one.namespace === namespace);
      return { state, handle, findings };
    },
    ...plane,
    archive,
    unborn,
    async create(name, wish = {}) {
      const basis = await unborn(name);
      const request = { ...basis, needs: { ...basis.needs, ...wish.needs } };
      return begin("createNamespace", { request }, request, wish);
    },
    update({ request }, change, wish = {}) {
      const next = { ...request, ...change, needs: { ...request.needs, ...change.needs } };
      return begin("updateNamespace", { request: next }, next, wish);
    },
    again({ request: before }, { needs, ...wish } = {}) {
      const request = { ...before, needs: { ...before.needs, ...needs } };
      return begin("createNamespace", { request }, request, wish);
    },
    remove({ request }, wish = {}) {
      return begin("deleteNamespace", { confirm: request.namespace }, request, wish);
    },
    rewind: ({ request }, wish = {}) => begin("rewindRelay", {}, request, wish),
    move: ({ request }, { to = "shard-2", ...wish } = {}) => begin("moveNamespace", { to }, request, wish),
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
