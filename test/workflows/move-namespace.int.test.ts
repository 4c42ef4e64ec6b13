import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Moment } from "../../activities/step.ts";
import { moveSteps } from "../../domain/namespace/steps.ts";
import { cellsOf } from "./cells.ts";
import type { Fault, Life, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

describe.concurrent("the move workflow", { timeout: 120_000 }, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const moving = async (name: string, ...faults: Fault[]): Promise<Play> => {
    const created = await stage.create(name);
    await created.ended();
    return stage.move(created, { faultsOf: () => faults });
  };
  const cells = cellsOf(moveSteps);
  const pivot = moveSteps.indexOf("move");
  const isUndone = (step: string, moment: Moment) =>
    moveSteps.indexOf(step) < pivot || (step === "move" && moment === "before");
  const endsOf = ({ types }: Life) =>
    types.filter((type) => type === "MoveCompleted" || type === "MoveFailed");
  const shardOf = ({ events }: Life) =>
    events.findLast(({ type }) => type === "NamespaceMoved" || type === "ShardAssigned")?.data;

  it("goes from one shard to the other, step by step", async () => {
    const life = await (await moving("moved")).ended();
    expect(life).toMatchObject({ state: "succeeded", status: "active", version: 1, quota: 1 });
    expect(life.types.slice(life.types.indexOf("MoveRequested"))).toEqual([
      "MoveRequested",
      "TargetOpened",
      "ProxiesRegistered",
      "ProbeSucceeded",
      "NamespaceMoved",
      "SourceClosed",
      "SourceDrained",
      "MoveCompleted",
    ]);
    expect(shardOf(life)).toMatchObject({ from: "shard-1", to: "shard-2" });
  });

  it.each(cells)("fails for a while at $step, $moment: it goes on, and ends once", async (cell) => {
    const fault = { ...cell, code: "BACKEND_UNAVAILABLE", times: 2 } as const;
    const life = await (await moving("stumbles", fault)).ended();
    expect(life.state).toBe("succeeded");
    expect(endsOf(life)).toEqual(["MoveCompleted"]);
  });

  it.each(cells.filter(({ step, moment }) => step !== "begin" && isUndone(step, moment)))(
    "that is refused at $step, $moment, leaves it where it was, and the new shard forgets it",
    async (cell) => {
      const life = await (await moving("refused", { ...cell, code: "FORBIDDEN" })).ended();
      expect(life).toMatchObject({ state: "failed", status: "active", error: "FORBIDDEN" });
      expect(life.types.slice(-2)).toEqual(["TargetClosed", "MoveFailed"]);
      expect(shardOf(life)).toEqual({ shard: "shard-1" });
    },
  );

  it("says where its undo gave up, so that revokes go on waiting for the new shard", async () => {
    const faults = [
      { step: "probe", moment: "before", code: "FORBIDDEN" },
      { step: "close-target", moment: "before", code: "BACKEND_UNAVAILABLE" },
    ] as const;
    const life = await (await moving("left", ...faults)).ended();
    expect(life.events.at(-1)).toMatchObject({ type: "MoveFailed", data: { cleanup_blocked: true } });
  });

  it("parks before its pivot: it is cancelled there, or tried again", async () => {
    const fault = { step: "probe", moment: "before", code: "BACKEND_UNAVAILABLE", times: 4 } as const;
    const [cancelled, retried] = await Promise.all([moving("given-up", fault), moving("again", fault)]);
    await Promise.all([cancelled.reaches("waiting"), retried.reaches("waiting")]);
    await Promise.all([cancelled.tell("cancel"), retried.tell("retry")]);
    expect(await cancelled.ended()).toMatchObject({ state: "cancelled", status: "active" });
    expect(await retried.ended()).toMatchObject({ state: "succeeded", status: "active" });
  });

  it("only goes forward once clients are told", async () => {
    const fault = { step: "drain-source", moment: "before", code: "FORBIDDEN", times: 1 } as const;
    const play = await moving("told", fault);
    await play.reaches("waiting");
    await expect(play.tell("cancel")).rejects.toThrow();
    await play.tell("retry");
    expect(endsOf(await play.ended())).toEqual(["MoveCompleted"]);
  });

  it("to a shard that does not exist, or takes nothing, begins nothing", async () => {
    const created = await stage.create("nowhere");
    await created.ended();
    await expect((await stage.move(created, { to: "shard-9" })).ended()).rejects.toThrow();
    expect((await created.life()).types.at(-1)).toBe("NamespaceActivated");
  });
});
