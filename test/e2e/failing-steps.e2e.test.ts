import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Amounts } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { allTrials, failpointFor, goesBack, isOver, type Trial, waits } from "./failing-trials.ts";
import { configuration, holdings } from "./holdings.ts";
import { goingForward } from "./kill-matrix.ts";
import { changedIn, changeOf, requestOf } from "./kinds.ts";
import { member, platform } from "./request.ts";

/** All take longer than a token usually lasts. */
const ttlSeconds = 6 * 3_600;
const patienceMs = 300_000;
/** Operations that are under way at a time. */
const atOnce = 12;

/** Two minutes and more: they are the soak's. */
const tried = soaking ? allTrials : [];

describe("a step of an update or a delete that fails, on the servers themselves", () => {
  let prism: TestPrism;
  let alice: Control;

  const played = tried.map((trial, index) => {
    const name = () => prism.name(`fails-${index}`);
    const team = `team-${index}`;
    const reserved = async () => (await alice.teams.get(team)).reserved;
    const lookAt = async () => ({
      configuration: await configuration(prism.environment, name()),
      plan: await alice.namespaces.plan(name()),
      reserved: await reserved(),
    });
    const play = {
      ...{ trial, name, team, lookAt, id: "", waited: false },
      free: {} as Amounts,
      before: {} as Awaited<ReturnType<typeof lookAt>>,
      now: () => alice.operations.get(play.id),
      armed: () => failpointFor(trial, name()),
      async create() {
        const request = { ...requestOf(trial.kind, name()), team };
        play.free = await reserved();
        const { status } = await alice.namespaces.create(request, { waitSeconds: 60 });
        expect(status).toBe("active");
        play.before = await lookAt();
      },
      async begin() {
        const { operation } =
          trial.operation === "update"
            ? await alice.namespaces.update(name(), { needs: changeOf(trial.kind) })
            : await alice.namespaces.delete(name(), { confirm: name() });
        play.id = operation?.id ?? "";
        await until(async () => {
          const { state, ended_at } = await play.now();
          play.waited = state === "waiting";
          return ended_at !== null || play.waited;
        }, patienceMs);
      },
      /** Says so again where Temporal was too busy to hear it. */
      goOn: () =>
        until(
          async () => {
            const { state, ended_at } = await play.now();
            if (state === "waiting") await alice.operations.retry(play.id).catch(() => {});
            return ended_at !== null;
          },
          patienceMs,
          500,
        ),
    };
    return play;
  });
  type Play = (typeof played)[number];
  const each = async (one: (play: Play) => Promise<unknown>): Promise<void> => {
    const left = [...played];
    const next = async (): Promise<void> => {
      for (let play = left.shift(); play !== undefined; play = left.shift()) await one(play);
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  };

  beforeAll(async () => {
    if (tried.length === 0) return;
    prism = await testPrism();
    alice = await prism.control({ ...member, teams: played.map(({ team }) => team), ttlSeconds });
    const root = await prism.control({ ...platform, ttlSeconds });
    const quota = { write_rps: 10_000, read_rps: 10_000, data_size: "1TB", namespaces: 1 };
    await each(({ team }) => root.teams.set(team, quota));
    await each((play) => play.create());
    const PRISM_FAILPOINT = played.map((play) => play.armed()).join(",");
    await prism.processes.start("worker", { PRISM_FAILPOINT });
    await each((play) => play.begin());
    // What was in the way is mended.
    await prism.processes.start("worker");
    await each((play) => play.goOn());
  }, 3_600_000);
  afterAll(() => prism?.close());

  it.each(played.map((play) => ({ ...play.trial, resource: play.trial.resource ?? "", play })))(
    "$operation of $kind, $activity $resource $moment, $fate: whole or as before",
    async ({ play }) => {
      const { trial, before } = play;
      const isBack = goesBack(trial);
      const { items } = await alice.namespaces.history(play.name(), { limit: "1000" });
      const count = (type: string) => items.filter((event) => event.type === type).length;
      const told = items.filter(
        ({ type, data }) => type === "StepFailed" && /told to/.test(JSON.stringify(data)),
      );
      expect(told).toHaveLength(isOver(trial) ? 0 : 1);
      expect(play.waited).toBe(waits(trial));
      expect((await play.now()).state).toBe(isBack ? "failed" : "succeeded");
      expect(count("CleanupBlocked")).toBe(0);

      const after = await play.lookAt();
      if (isBack) {
        expect(after).toEqual(before);
        expect(await alice.namespaces.get(play.name())).toMatchObject({ status: "active", version: 1 });
        expect(count("UpdateFailed") + count("DeletionFailed")).toBe(1);
      } else if (trial.operation === "update") {
        expect(after.configuration).toEqual(changedIn(before.configuration, changeOf(trial.kind)));
        expect(after.reserved).toEqual({ ...before.reserved, write_rps: 300 });
        expect(await alice.namespaces.get(play.name())).toMatchObject({ status: "active", version: 2 });
        expect(count("UpdateApplied")).toBe(1);
      } else {
        expect(await holdings(prism.environment, play.name())).toEqual([]);
        expect(after.reserved).toEqual(play.free);
        expect([count("NamespaceDeleted"), count("AuditArchived")]).toEqual([1, 1]);
      }
    },
  );

  it("may be any but the first, at any moment, on any of the five backends", () => {
    const stepOf = (trial: Trial) => failpointFor(trial, "x").split(":")[0] ?? "";
    const backends = allTrials.map((trial) => / (\w+) /.exec(stepOf(trial))?.[1]);
    expect(new Set(backends)).toEqual(new Set([undefined, "kafka", "nats", "redis", "postgres", "s3"]));
    for (const operation of ["update", "delete"] as const) {
      const named = allTrials.filter(
        (trial) => trial.operation === operation && trial.resource === undefined,
      );
      const steps = new Set(["begin", ...named.map(stepOf)]);
      expect(steps).toEqual(new Set(goingForward(operation).named));
    }
    figures(
      `failing steps of update and delete on five backends: ${tried.length} of ${allTrials.length} cells`,
    );
  });
});
