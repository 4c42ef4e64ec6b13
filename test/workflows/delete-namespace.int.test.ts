import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../setup/until.ts";
import { active } from "./active.ts";
import { stepAmong } from "./cells.ts";
import { failing, removalsOf } from "./failing-steps.ts";
import { pivotContract } from "./pivot-contract.ts";
import type { Fault, Life } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

const stepAt = stepAmong(removalsOf);

describe.concurrent("the delete workflow", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const isGone = (life: Life) => {
    expect(life).toMatchObject({ state: "succeeded", status: "deleted", left: [], quota: 0, rate: 0 });
    for (const type of ["TrafficStopped", "DrainCompleted", "AuditArchived", "NamespaceDeleted"]) {
      expect(life.types.filter((each) => each === type)).toHaveLength(1);
    }
  };
  /** The types of the events in it; its digest is what the stream says. */
  const archivedTypes = (life: Life): readonly string[] => {
    const kept = life.events.find(({ type }) => type === "AuditArchived");
    if (kept?.type !== "AuditArchived") return expect.fail();
    const text = gunzipSync(stage.archive.get(kept.data.key) ?? new Uint8Array());
    expect(createHash("sha256").update(text).digest("hex")).toBe(kept.data.digest);
    const types = text
      .toString()
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toHaveLength(Number(kept.data.revision) + 1);
    return types;
  };
  const isAsBefore = (life: Life) => {
    expect(life).toMatchObject({ status: "active", quota: 1 });
    expect(life.left).toHaveLength(removalsOf("orders").length);
  };

  it("leaves nothing but the history, which is kept elsewhere before anything is removed", async () => {
    const life = await (await stage.remove(await active(stage, "whole"))).ended();
    isGone(life);
    const types = archivedTypes(life);
    expect(types).toEqual(life.types.slice(0, types.length));
    expect(life.types.indexOf("AuditArchived")).toBeLessThan(life.types.indexOf("ResourceRemovalIntended"));
  });

  it("keeps what the stream says, also where the worker died once it had said so", async () => {
    const faultsOf = (): readonly Fault[] => [
      { step: "archive", moment: "recorded", code: "BACKEND_UNAVAILABLE", times: 1 },
    ];
    const life = await (await stage.remove(await active(stage, "kept"), { faultsOf })).ended();
    isGone(life);
    archivedTypes(life);
  });

  it("is served again soon after it was cancelled, also where much is still to be relayed", async () => {
    const play = await stage.remove(await active(stage, "undrained"), {
      faultsOf: (namespace) => {
        stage.full.add(namespace);
        return [];
      },
    });
    await until(async () => (await play.life()).types.includes("TrafficStopped"));
    await play.tell("cancel");
    const life = await play.ended();
    expect(life.state).toBe("cancelled");
    isAsBefore(life);
  });

  it("frees the name: the next life is another", async () => {
    const play = await active(stage, "again");
    await (await stage.remove(play)).ended();
    const again = await (await stage.again(play)).ended();
    expect(again).toMatchObject({ state: "succeeded", status: "active", quota: 1 });
    expect(again.types.filter((type) => type === "NamespaceRequested")).toHaveLength(2);
  });

  it("removes what a failed create left behind", async () => {
    const faultsOf = (namespace: string): readonly Fault[] => [
      { step: "probe", moment: "before", code: "FORBIDDEN" },
      { step: `remove kafka topic ${namespace}-queue`, moment: "before", code: "BACKEND_UNAVAILABLE" },
    ];
    const play = await stage.create("left", { faultsOf });
    expect((await play.ended()).left).toHaveLength(1);
    isGone(await (await stage.remove(play)).ended());
  });

  pivotContract({
    stage: () => stage,
    begin: async (name, faultsOf) => stage.remove(await active(stage, name), { faultsOf }),
    steps: failing.delete,
    stepAt,
    pivot: "drain",
    isDone: isGone,
    isAsBefore,
  });

  it.each(["begin-undo", "reopen-log", "fail"])(
    "undoing it fails once at %s: it is served again",
    async (step) => {
      const faultsOf = (): readonly Fault[] => [
        { step: "drain", moment: "before", code: "FORBIDDEN" },
        { step, moment: "recorded", code: "BACKEND_UNAVAILABLE", times: 1 },
      ];
      const play = await stage.remove(await active(stage, "undone-twice"), { faultsOf });
      isAsBefore(await play.ended());
      expect(stage.closed).not.toContain(play.namespace);
    },
  );
});
