import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../setup/until.ts";
import { active } from "./active.ts";
import type { Fault, Life, Play } from "./play.ts";
import { openStage, type Stage, type Swept } from "./stage.ts";

describe("an operation that lost its workflow", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const ended = async (play: Play): Promise<Life> => {
    await until(async () => ["succeeded", "failed"].includes((await play.life()).state ?? ""));
    // Another test's sweep may have begun it too: the name is free when the last of them is over.
    const { client, workflowId } = play.handle;
    await client
      .getHandle(workflowId)
      .result()
      .catch(() => {});
    return play.life();
  };
  /** Terminates its workflow, lets nothing go wrong any more, and has a sweep give it another one. */
  const lose = async (play: Play): Promise<Swept["findings"]> => {
    await play.handle.terminate("for the test");
    stage.fail(play.namespace, []);
    return (await stage.sweep(play.namespace)).findings;
  };
  const parks = (step: string) => (): readonly Fault[] => [
    { step, moment: "before", code: "BACKEND_UNAVAILABLE" },
  ];

  it.each(["create", "update", "delete"] as const)("%s: another one ends it", async (kind) => {
    const waits = (step: string) => () => [{ step, moment: "before", code: "BACKEND_UNAVAILABLE" } as const];
    const before = kind === "create" ? undefined : await active(stage, `lost-${kind}`);
    const play =
      before === undefined
        ? await stage.create("lost-create", { faultsOf: waits("probe") })
        : kind === "update"
          ? await stage.update(before, { needs: { write_rps: 400 } }, { faultsOf: waits("commit-quota") })
          : await stage.remove(before, { faultsOf: waits("archive") });
    await play.reaches("waiting");
    expect(await lose(play)).toMatchObject([{ class: "stuck", operation: play.operation, remedy: "resume" }]);
    const life = await ended(play);
    expect(life).toMatchObject({ state: "succeeded", status: kind === "delete" ? "deleted" : "active" });
    if (kind === "update") expect(life.rate).toBe(400);
    expect((await stage.sweep(play.namespace)).findings).toEqual([]);
  });

  it.concurrent("one that the platform asked for needs nobody's word then either", async () => {
    const needs = { kafka_partitions: 4 } as const;
    const wish = { needs, asker: "platform", faultsOf: parks("reserve-quota") } as const;
    const play = await stage.create("of-the-platform", wish);
    await play.reaches("waiting");
    await lose(play);
    expect(await ended(play)).toMatchObject({ state: "succeeded", status: "active" });
  });

  it.concurrent.each(["before", "after"] as const)(
    "a create in the middle of its undo, %s its last removal: nothing of it is left, or all of it serves",
    async (moment) => {
      const faultsOf = (namespace: string): readonly Fault[] => [
        { step: "probe", moment: "before", code: "FORBIDDEN" },
        { step: `remove kafka topic ${namespace}-queue`, moment, code: "BACKEND_UNAVAILABLE" },
      ];
      const play = await stage.create(`undone-${moment}`, { faultsOf });
      await until(async () => (await play.life()).types.includes("ResourceRemoved"));
      await lose(play);
      const life = await ended(play);
      if (life.status === "active") {
        expect(life).toMatchObject({ state: "succeeded", quota: 1 });
        expect(life.left).toHaveLength(3);
        return;
      }
      expect(life).toMatchObject({ state: "failed", status: "failed", left: [], quota: 0 });
      expect(await (await stage.again(play)).ended()).toMatchObject({ status: "active", quota: 1 });
    },
  );

  it.concurrent("an update in the middle of its undo: it is in force with its quota, or as before", async () => {
    const before = await active(stage, "undone-update");
    const { reserved } = await before.life();
    const faultsOf = (): readonly Fault[] => [
      { step: "apply", moment: "before", code: "FORBIDDEN" },
      { step: "fail", moment: "before", code: "BACKEND_UNAVAILABLE" },
    ];
    const play = await stage.update(before, { needs: { write_rps: 400 } }, { faultsOf });
    await until(async () => (await play.life()).reserved.write_rps === reserved.write_rps);
    await until(async () => (await play.life()).types.includes("StepFailed"));
    await lose(play);
    const life = await ended(play);
    expect(life.status).toBe("active");
    expect(life.rate).toBe(life.state === "succeeded" ? 400 : reserved.write_rps);
    expect((await stage.sweep(play.namespace)).findings).toEqual([]);
  });

  it.concurrent("one that was retried before: it is seen to wait again, and is told so again", async () => {
    const play = await stage.create("parks-again", { faultsOf: parks("probe") });
    await play.reaches("waiting");
    await play.tell("retry");
    await play.handle.terminate("for the test");
    // It waits for a while for what it has started.
    const sweeping = stage.sweep(play.namespace);
    await play.reaches("waiting");
    stage.fail(play.namespace, []);
    await play.tell("retry");
    const life = await ended(play);
    expect(life).toMatchObject({ state: "succeeded", status: "active", quota: 1 });
    expect(life.types.filter((type) => type === "OperationParked")).toHaveLength(2);
    await sweeping;
  });

  it.concurrent("an update that is in force and has to grow its partitions yet: they grow, and deliveries go on", async () => {
    const before = await active(stage, "grows-yet", { needs: { ordered: true } });
    const change = { needs: { write_rps: 4_000 } };
    const play = await stage.update(before, change, { faultsOf: parks("grow-relay") });
    await play.reaches("waiting");
    expect(stage.barriers).toContain(play.namespace);
    await lose(play);
    const life = await ended(play);
    expect(life).toMatchObject({ state: "succeeded", status: "active", version: 2, rate: 4_000 });
    expect(life.types.filter((type) => type === "PartitionsGrown")).toHaveLength(1);
    expect(stage.barriers).not.toContain(play.namespace);
  });
});
