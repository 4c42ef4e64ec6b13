import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../setup/until.ts";
import { type Cell, cellsOf, lateMoments, stepAmong } from "./cells.ts";
import { codeOf } from "./code-of.ts";
import { failing, removalsOf } from "./failing-steps.ts";
import type { Fault, Life, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

const { before, after } = failing.delete;
const stepAt = stepAmong(removalsOf);

describe.concurrent("the delete workflow", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const active = async (name: string): Promise<Play> => {
    const play = await stage.create(name);
    expect((await play.ended()).state).toBe("succeeded");
    return play;
  };
  const removing = async (name: string, { step, moment }: Cell, fault: Omit<Fault, "step" | "moment">) =>
    stage.remove(await active(name), {
      faultsOf: (namespace) => [{ ...fault, step: stepAt(namespace, step), moment }],
    });

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
    const life = await (await stage.remove(await active("whole"))).ended();
    isGone(life);
    const types = archivedTypes(life);
    expect(types).toEqual(life.types.slice(0, types.length));
    expect(life.types.indexOf("AuditArchived")).toBeLessThan(life.types.indexOf("ResourceRemovalIntended"));
  });

  it("keeps what the stream says, also where the worker died once it had said so", async () => {
    const cell = { step: "archive", moment: "recorded" } as const;
    const life = await (await removing("kept", cell, { code: "BACKEND_UNAVAILABLE", times: 1 })).ended();
    isGone(life);
    archivedTypes(life);
  });

  it("frees the name: the next life is another", async () => {
    const play = await active("again");
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

  it.each(cellsOf(before))("$step fails for good, $moment: it is served again", async (cell) => {
    const life = await (await removing("good", cell, { code: "FORBIDDEN" })).ended();
    // What was recorded as drained goes on, whatever became of the attempt that recorded it.
    if (cell.step === "drain" && cell.moment === "recorded") return isGone(life);
    expect(life).toMatchObject({ state: "failed", error: "FORBIDDEN" });
    isAsBefore(life);
  });

  it.each(cellsOf(before).filter(({ moment }) => moment === "recorded"))(
    "$step parks: abandoned, it is served again, unless it is drained",
    async (cell) => {
      const play = await removing("parks", cell, { code: "BACKEND_UNAVAILABLE" });
      await play.reaches("waiting");
      if (cell.step === "drain") {
        // It is drained, whatever became of the attempts that said so.
        expect(await codeOf(play.tell("abandon"))).toBe("TOO_LATE");
        stage.fail(play.namespace, []);
        await play.tell("retry");
        return isGone(await play.ended());
      }
      await play.tell("abandon");
      const life = await play.ended();
      expect(life).toMatchObject({ state: "failed", error: "BACKEND_UNAVAILABLE" });
      isAsBefore(life);
    },
  );

  it.each(["begin-undo", "reopen-log", "fail"])(
    "undoing it fails once at %s: it is served again",
    async (step) => {
      const faultsOf = (): readonly Fault[] => [
        { step: "drain", moment: "before", code: "FORBIDDEN" },
        { step, moment: "recorded", code: "BACKEND_UNAVAILABLE", times: 1 },
      ];
      const play = await stage.remove(await active("undone-twice"), { faultsOf });
      isAsBefore(await play.ended());
      expect(stage.closed).not.toContain(play.namespace);
    },
  );

  it("every step fails at every moment of it, for a while: it goes on", async () => {
    const once = { code: "BACKEND_UNAVAILABLE", times: 1 } as const;
    const faultsOf = (namespace: string) =>
      cellsOf([...before, ...after], lateMoments).map(({ step, moment }) => ({
        ...once,
        step: stepAt(namespace, step),
        moment,
      }));
    isGone(await (await stage.remove(await active("while"), { faultsOf })).ended());
  });

  it("every step after the pivot is refused once: each waits, and it only goes forward", async () => {
    const once = { code: "FORBIDDEN", times: 1, moment: "before" } as const;
    const faultsOf = (namespace: string) => after.map((step) => ({ ...once, step: stepAt(namespace, step) }));
    const play = await stage.remove(await active("refused"), { faultsOf });
    await play.reaches("waiting");
    expect(await codeOf(play.tell("cancel"))).toBe("TOO_LATE");
    expect(await codeOf(play.tell("abandon"))).toBe("TOO_LATE");
    while ((await play.life()).state !== "succeeded") {
      await until(async () => ["waiting", "succeeded"].includes((await play.life()).state ?? ""));
      if ((await play.life()).state === "waiting") await play.tell("retry");
    }
    isGone(await play.ended());
  });

  it("cancelled before it is drained, it is served again", async () => {
    const play = await removing(
      "cancelled",
      { step: "stop-traffic", moment: "before" },
      { code: "BACKEND_UNAVAILABLE" },
    );
    await play.reaches("waiting");
    await play.tell("cancel");
    const life = await play.ended();
    expect(life.state).toBe("cancelled");
    isAsBefore(life);
  });
});
