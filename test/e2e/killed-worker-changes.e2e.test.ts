import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytes } from "../../domain/request/size.ts";
import type { Amounts, Operation } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { configuration, holdings } from "./holdings.ts";
import { type Cell, cells, failpointOf, type Plot } from "./kill-matrix.ts";
import {
  type Change,
  changedBy,
  changedIn,
  changeOf,
  type Kind,
  kinds,
  requestOf,
  resourcesOf,
} from "./kinds.ts";
import { member, orderApi, platform } from "./request.ts";

type Trial = Cell & { readonly kind: Kind };

/** Those on a resource for every kind that has it, the others on one kind after the other. */
const trialsOf = (cellsWith: (resources: number) => readonly Cell[], resources: (kind: Kind) => number) => [
  ...cellsWith(0).map((cell, index) => ({
    ...cell,
    // What needs a word is asked for of one that may become so large.
    kind: guided.has(cell.plot) ? "videos" : (kinds[index % kinds.length] ?? "orders"),
  })),
  ...kinds.flatMap((kind) =>
    cellsWith(resources(kind))
      .filter(({ resource }) => resource !== undefined)
      .map((cell) => ({ ...cell, kind })),
  ),
];

const guided: ReadonlySet<Plot> = new Set(["approved", "rejected", "expired"]);
/** They begin with a step that has used up its attempts: the last one before the pivot. */
const parked: ReadonlySet<Plot> = new Set(["cancelled", "retried", "abandoned"]);
const goesThrough: ReadonlySet<Plot> = new Set(["plain", "approved", "retried"]);
const pivots = {
  create: "activate",
  update: "apply",
  growth: "apply",
  delete: "drain",
  reconcile: "repair",
  rewind: "rewind",
  move: "move",
} as const;

const all: readonly Trial[] = [
  ...trialsOf(
    (some) => cells("update", some),
    (kind) => changedBy(kind, "x", changeOf(kind)).length,
  ),
  ...trialsOf(
    (some) => cells("delete", some),
    (kind) => resourcesOf(kind, "x").length,
  ),
];
const tried = (soaking ? all : all.filter((_, index) => index % 31 === 3)).toSorted(
  (a, b) => Number(parked.has(a.plot)) - Number(parked.has(b.plot)),
);

/** All cells take longer than a token usually lasts. */
const ttlSeconds = 6 * 3_600;
const patienceMs = 100_000;

const changeIn = ({ kind, plot }: Trial): Change =>
  guided.has(plot) ? { data_size: "2TB" } : changeOf(kind);

describe("a worker killed at any moment of an update or a delete", () => {
  let prism: TestPrism;
  let alice: Control;
  let root: Control;
  let nothing: Amounts;
  const nameOf = (index: number) => prism.name(`kill-${index}`);
  const reserved = async (): Promise<Amounts> => (await alice.teams.get("payments-team")).reserved;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control({ ...member, ttlSeconds });
    root = await prism.control({ ...platform, ttlSeconds });
    nothing = await reserved();
    for (let first = 0; first < tried.length; first += 6) {
      const some = tried
        .slice(first, first + 6)
        .map(({ kind }, index) => requestOf(kind, nameOf(first + index)));
      await Promise.all(
        some.map(async (request) => {
          const { status } = await alice.namespaces.create(request, { waitSeconds: 60 });
          expect(status).toBe("active");
        }),
      );
    }
  }, 300_000);
  afterAll(() => prism?.close());

  /** The moments at which workers die, one after the other; a worker that finishes one trial is armed for the next. */
  const shots = tried.flatMap((trial, index) => {
    const at = (namespace: string) => {
      const resources =
        trial.operation === "update"
          ? changedBy(trial.kind, namespace, changeIn(trial))
          : resourcesOf(trial.kind, namespace);
      return failpointOf(trial, namespace, resources);
    };
    const park = (namespace: string) => `${pivots[trial.operation]}:before:${namespace}`;
    return (parked.has(trial.plot) ? [park, at] : [at]).map((failpoint) => ({ index, failpoint }));
  });
  const firstShot = (index: number) => shots.findIndex((shot) => shot.index === index);
  let armed = -1;
  const arm = async (shot: number) => {
    armed = shot;
    const { index, failpoint } = shots[shot] ?? {};
    const approval = tried[index ?? -1]?.plot === "expired" ? { PRISM_APPROVAL_SECONDS: "1" } : {};
    const PRISM_FAILPOINT = failpoint?.(nameOf(index ?? -1)) ?? "";
    await prism.processes.start("worker", { PRISM_FAILPOINT, ...approval });
  };
  const dies = async () => {
    await until(() => !prism.processes.running("worker"), patienceMs);
    await arm(armed + 1);
  };

  const now = (id: string): Promise<Operation> => alice.operations.get(id);
  /** Says what the plot wants said, and again where the worker died of it. */
  const tell = async (plot: Plot, id: string): Promise<void> => {
    await until(async () => ["awaiting_approval", "waiting"].includes((await now(id)).state), patienceMs);
    const hash = { plan_hash: (await now(id)).plan_hash ?? "" };
    const words: Partial<Record<Plot, () => Promise<unknown>>> = {
      approved: () => root.operations.approve(id, hash),
      rejected: () => root.operations.reject(id, { ...hash, reason: "too much" }),
      cancelled: () => alice.operations.cancel(id),
      retried: () => alice.operations.retry(id),
      abandoned: () => alice.operations.abandon(id),
    };
    const said = () =>
      words[plot]?.().then(
        () => true,
        () => false,
      ) ?? true;
    await until(said, patienceMs);
  };

  const begin = async (trial: Trial, namespace: string): Promise<string> => {
    const { operation } =
      trial.operation === "update"
        ? await alice.namespaces.update(namespace, { needs: changeIn(trial) })
        : await alice.namespaces.delete(namespace, { confirm: namespace });
    return operation?.id ?? "";
  };
  const lookAt = async (namespace: string) => ({
    configuration: await configuration(prism.environment, namespace),
    plan: await alice.namespaces.plan(namespace),
    reserved: await reserved(),
  });

  const play = async (index: number): Promise<void> => {
    const trial = tried[index] ?? expect.fail();
    const namespace = nameOf(index);
    if (armed !== firstShot(index)) {
      await prism.processes.stop("worker", "SIGKILL");
      await arm(firstShot(index));
    }
    const before = await lookAt(namespace);
    const id = await begin(trial, namespace);
    if (parked.has(trial.plot)) await dies();
    const isTold = trial.plot !== "plain" && trial.plot !== "expired";
    await Promise.all([isTold ? tell(trial.plot, id) : undefined, dies()]);
    await until(async () => (await now(id)).ended_at !== null, patienceMs);

    const { items } = await alice.namespaces.history(namespace);
    const types = items.map(({ type }) => type);
    const after = await lookAt(namespace);
    expect(types).not.toContain("CleanupBlocked");
    if (!goesThrough.has(trial.plot)) {
      expect(after).toEqual(before);
      expect((await alice.namespaces.get(namespace)).status).toBe("active");
      const failed = items.filter(({ type }) => type === "UpdateFailed" || type === "DeletionFailed");
      expect(failed).toHaveLength(1);
      if (trial.operation === "update") expect(failed[0]?.data).toMatchObject({ not_restored: [] });
      if (trial.kind === "orders") await published(namespace);
      return;
    }
    const ends = trial.operation === "update" ? "UpdateApplied" : "NamespaceDeleted";
    expect(types.filter((type) => type === ends)).toHaveLength(1);
    if (trial.operation === "update") {
      expect(await alice.namespaces.get(namespace)).toMatchObject({ status: "active", version: 2 });
      expect(after.configuration).toEqual(
        changedIn(before.configuration, { write_rps: 100, ...changeIn(trial) }),
      );
      expect(after.reserved).toEqual(withMore(before.reserved, changeIn(trial)));
      if (trial.kind === "orders") await published(namespace);
    } else {
      expect(await holdings(prism.environment, namespace)).toEqual([]);
      expect(after.reserved).toEqual(withoutOne(before.reserved));
      expect(types.filter((type) => type === "AuditArchived")).toHaveLength(1);
    }
  };
  const published = async (namespace: string) => {
    const client = await prism.client(namespace, orderApi);
    await client.queue.publish("orders", { id: 1 });
    client.close();
  };
  const sized = (before: Amounts, more: Partial<Record<keyof Amounts, number>>) => ({
    write_rps: before.write_rps + (more.write_rps ?? 0),
    read_rps: before.read_rps + (more.read_rps ?? 0),
    namespaces: before.namespaces + (more.namespaces ?? 0),
    data_size: expect.toSatisfy(
      (size: string) => bytes(size) === bytes(before.data_size) + (more.data_size ?? 0),
    ),
  });
  const withMore = (before: Amounts, { write_rps = 100, data_size = "1GB" }: Change) =>
    sized(before, { write_rps: Number(write_rps) - 100, data_size: bytes(String(data_size)) - 1e9 });
  const withoutOne = (before: Amounts) =>
    sized(before, { write_rps: -100, read_rps: -100, namespaces: -1, data_size: -1e9 });

  const named = tried.map((trial, index) => ({ ...trial, resource: trial.resource ?? "", index }));
  const apart = (whether: boolean) => named.filter(({ plot }) => parked.has(plot) === whether);

  it.each(apart(false))("$operation of $kind, $activity $resource $moment, $plot", ({ index }) =>
    play(index),
  );

  describe("once it waits for somebody", () => {
    // The one attempt that dies uses up the step's budget.
    beforeAll(() => prism.processes.start("api", { PRISM_STEP_ATTEMPTS: "1" }));

    it.each(apart(true))("$operation of $kind, $activity $resource $moment, $plot", ({ index }) =>
      play(index),
    );
  });

  it("leaves nothing on the servers once all are deleted", async () => {
    await prism.processes.start("api");
    const left = async (after?: string): Promise<readonly string[]> => {
      const page = await alice.namespaces.list(after === undefined ? {} : { cursor: after });
      const names = page.items.map(({ namespace }) => namespace);
      return page.next_cursor === null ? names : [...names, ...(await left(page.next_cursor))];
    };
    const doomed = await left();
    for (let first = 0; first < doomed.length; first += 6)
      await Promise.all(
        doomed
          .slice(first, first + 6)
          .map((namespace) => alice.namespaces.delete(namespace, { confirm: namespace, waitSeconds: 60 })),
      );
    await until(async () => (await left()).length === 0, 300_000);
    expect(await holdings(prism.environment, prism.name(""))).toEqual([]);
    expect(await reserved()).toEqual(nothing);
    figures(`kill matrix of update and delete: ${tried.length} of ${all.length} cells`);
  }, 900_000);
});
