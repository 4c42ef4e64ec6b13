import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../setup/until.ts";
import { active } from "./active.ts";
import type { Fault, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

const topicOf = ({ namespace }: Play) => `${namespace}-queue`;

describe("what undos gave up on", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  it("removes what an undo gave up on, and frees the name", async () => {
    const play = await stage.create("left", {
      faultsOf: (namespace) => [
        { step: "probe", moment: "before", code: "FORBIDDEN" },
        { step: `remove kafka topic ${namespace}-queue`, moment: "before", code: "BACKEND_UNAVAILABLE" },
      ],
    });
    expect(await play.ended()).toMatchObject({ status: "failed", left: [topicOf(play)] });
    // It is still in the way: the name stays taken.
    await stage.sweep(play.namespace);
    expect((await play.life()).left).toEqual([topicOf(play)]);
    stage.fail(play.namespace, []);
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([
      { class: "orphaned", remedy: "cleanup", settledAt: expect.any(Date) },
    ]);
    const { left, types, quota } = await play.life();
    expect({ left, last: types.at(-1), quota }).toEqual({ left: [], last: "CleanupCompleted", quota: 0 });
    expect((await (await stage.again(play)).ended()).status).toBe("active");
  });

  it("opens the log that a failed delete could not, and the namespace is whole again", async () => {
    const play = await stage.remove(await active(stage, "closed"), {
      faultsOf: () => [
        { step: "drain", moment: "before", code: "FORBIDDEN" },
        { step: "reopen-log", moment: "before", code: "BACKEND_UNAVAILABLE" },
      ],
    });
    expect(await play.ended()).toMatchObject({ state: "failed", status: "degraded", quota: 1 });
    expect((await play.life()).types.slice(-3)).toEqual([
      "CleanupBlocked",
      "DeletionFailed",
      "NamespaceDegraded",
    ]);
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([
      {
        class: "drifted",
        because: expect.stringMatching(/log takes nothing/),
        remedy: "cleanup",
        settledAt: null,
      },
    ]);
    expect(await play.life()).toMatchObject({ status: "degraded" });
    stage.fail(play.namespace, []);
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([{ settledAt: expect.any(Date) }]);
    const life = await play.life();
    expect(life).toMatchObject({ status: "active", quota: 1 });
    expect(life.types.slice(-2)).toEqual(["CleanupCompleted", "NamespaceRecovered"]);
    expect(stage.closed).not.toContain(play.namespace);
  });

  it("takes down the barrier that a failed update could not, and deliveries go on", async () => {
    const play = await stage.update(
      await active(stage, "barred", { needs: { ordered: true } }),
      { needs: { write_rps: 4_000 } },
      {
        faultsOf: () => [
          { step: "drain-groups", moment: "before", code: "FORBIDDEN" },
          { step: "release-relay", moment: "before", code: "BACKEND_UNAVAILABLE" },
        ],
      },
    );
    expect(await play.ended()).toMatchObject({ state: "failed", status: "degraded", version: 1 });
    expect((await play.life()).types.slice(-3)).toEqual([
      "CleanupBlocked",
      "UpdateFailed",
      "NamespaceDegraded",
    ]);
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([
      {
        class: "drifted",
        because: expect.stringMatching(/nothing is delivered/),
        remedy: "cleanup",
        settledAt: null,
      },
    ]);
    expect(stage.barriers).toContain(play.namespace);
    stage.fail(play.namespace, []);
    expect((await stage.sweep(play.namespace)).findings).toMatchObject([{ settledAt: expect.any(Date) }]);
    const life = await play.life();
    expect(life).toMatchObject({ status: "active", quota: 1 });
    expect(life.types.slice(-2)).toEqual(["CleanupCompleted", "NamespaceRecovered"]);
    expect(stage.barriers).not.toContain(play.namespace);
  });

  it("cleans up behind an update after a repair, and leaves what is in use its quota", async () => {
    const before = await active(stage, "kept");
    const { rate } = await before.life();
    const faultsOf = (): readonly Fault[] => [
      { step: "plan-changes", moment: "before", code: "FORBIDDEN" },
      { step: "release-reservation", moment: "before", code: "BACKEND_UNAVAILABLE" },
    ];
    const play = await stage.update(before, { needs: { write_rps: rate + 100 } }, { faultsOf });
    expect((await play.ended()).types).toContain("CleanupBlocked");
    stage.fail(play.namespace, [{ step: "plan-cleanup", moment: "before", code: "FORBIDDEN" }]);
    stage.backends.kafka.lose(topicOf(play));
    const sweptUntil = (type: string) =>
      until(async () => {
        await stage.sweep(play.namespace);
        return (await play.life()).types.includes(type);
      });
    await sweptUntil("DriftRepaired");
    stage.fail(play.namespace, []);
    await sweptUntil("CleanupCompleted");
    // What the update had reserved beside is a leak of its own by now.
    await stage.sweep(play.namespace);
    const life = await play.life();
    expect(life).toMatchObject({ status: "active", quota: 1, rate });
    expect(life.types.filter((type) => type === "DriftRepaired")).toHaveLength(1);
  });
});
