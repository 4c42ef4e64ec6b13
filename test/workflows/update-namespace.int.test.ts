import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { request as example } from "../domain/namespace/examples.ts";
import { active } from "./active.ts";
import { cellsOf, stepAmong } from "./cells.ts";
import { changedOf, failing, grown } from "./failing-steps.ts";
import { pivotContract } from "./pivot-contract.ts";
import type { Fault, Life, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

const { write_rps: small } = example.needs;

const stepAt = stepAmong(changedOf);

describe.concurrent("the update workflow", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const isUpdated = (life: Life) =>
    expect(life).toMatchObject({ state: "succeeded", status: "active", version: 2, rate: 400 });
  /** The old configuration is in force, whole, and nothing of the new one is held. */
  const isAsBefore = (life: Life) => {
    expect(life).toMatchObject({ status: "active", version: 1, rate: small, quota: 1 });
    const failed = life.events.find(({ type }) => type === "UpdateFailed");
    expect(failed?.data).toMatchObject({ not_restored: [], cleanup_blocked: false });
  };

  it("puts what was asked for in force, with a version of its own", async () => {
    const life = await (await stage.update(await active(stage, "grown"), grown)).ended();
    isUpdated(life);
    expect(life.types.slice(-2)).toEqual(["UpdateApplied", "ProxiesRegistered"]);
  });

  it("who may use it is a new version, and no new plan", async () => {
    const access = { owners: example.access.owners, consumers: [] };
    const life = await (await stage.update(await active(stage, "access"), { access })).ended();
    expect(life).toMatchObject({ state: "succeeded", version: 2, rate: small });
    expect(life.types.filter((type) => type === "PlanSelected")).toHaveLength(1);
  });

  it("does nothing where all is as asked already", async () => {
    const play = await active(stage, "same");
    const life = await (await stage.update(play, {})).ended();
    expect(life).toMatchObject({ version: 1, status: "active" });
    expect(life.types).not.toContain("UpdateRequested");
  });

  it("what would have to move is refused, and nothing is touched", async () => {
    const play = await stage.update(await active(stage, "moved"), { needs: { durability: "eventual" } });
    const life = await play.ended();
    expect(life).toMatchObject({ state: "failed", error: "MIGRATION_REQUIRED" });
    isAsBefore(life);
  });

  pivotContract({
    stage: () => stage,
    begin: async (name, faultsOf) => stage.update(await active(stage, name), grown, { faultsOf }),
    steps: failing.update,
    stepAt,
    pivot: "apply",
    isDone: isUpdated,
    isAsBefore,
  });

  it("undoing it fails once at every moment: the old configuration stands", async () => {
    const once = { code: "BACKEND_UNAVAILABLE", times: 1 } as const;
    const faultsOf = (namespace: string): readonly Fault[] => [
      { step: "apply", moment: "before", code: "FORBIDDEN" },
      ...changedOf(namespace).map((step) => ({
        ...once,
        step: step.replace("ensure ", "restore "),
        moment: "after" as const,
      })),
      { ...once, step: "release-reservation", moment: "before" },
      { ...once, step: "begin-undo", moment: "recorded" },
      { ...once, step: "fail", moment: "before" },
    ];
    const life = await (await stage.update(await active(stage, "undone-twice"), grown, { faultsOf })).ended();
    expect(life).toMatchObject({ state: "failed", error: "FORBIDDEN" });
    isAsBefore(life);
  });

  describe("of an ordered queue that gets more partitions", () => {
    const growing = { needs: { write_rps: 4_000 } };
    const ordered = (name: string) => active(stage, name, { needs: { ordered: true } });
    const held = ["hold-relay", "drain-groups"];
    const isReleased = ({ namespace }: Play) => expect(stage.barriers.has(namespace)).toBe(false);

    it("stops the relay, waits for the groups, and has it go on over all of them", async () => {
      const play = await stage.update(await ordered("held"), growing);
      const life = await play.ended();
      expect(life).toMatchObject({ state: "succeeded", version: 2, rate: 4_000 });
      const steps = ["RelayHeld", "GroupsDrained", "ResourceProvisioned", "UpdateApplied", "PartitionsGrown"];
      const since = life.types.slice(life.types.lastIndexOf("UpdateRequested"));
      expect([...new Set(since.filter((type) => steps.includes(type)))]).toEqual(steps);
      expect(life.events.findLast(({ type }) => type === "PartitionsGrown")?.data).toMatchObject({ to: 8 });
      isReleased(play);
    });

    it("fails where consumers do not get done in time, and the relay goes on as before", async () => {
      const before = await ordered("slow");
      stage.slow.add(before.namespace);
      const play = await stage.update(before, growing);
      const life = await play.ended();
      expect(life).toMatchObject({ state: "failed", error: "NAMESPACE_NOT_READY", version: 1, rate: small });
      expect(life.events.findLast(({ type }) => type === "UpdateFailed")?.data).toMatchObject({
        error: {
          message: "waiting for groups to acknowledge what they were delivered: billing (2 messages)",
        },
        not_restored: [],
      });
      isReleased(play);
    });

    it.each(cellsOf(held))("$step fails for good, $moment: the relay goes on as before", async (cell) => {
      const play = await stage.update(await ordered("undone"), growing, {
        faultsOf: () => [{ ...cell, code: "FORBIDDEN" }],
      });
      const life = await play.ended();
      expect(life).toMatchObject({ state: "failed", error: "FORBIDDEN" });
      isAsBefore(life);
      isReleased(play);
    });

    it("does not wait for a person while deliveries stand still: what is used up has failed", async () => {
      const play = await stage.update(await ordered("used-up"), growing, {
        faultsOf: () => [{ step: "drain-groups", moment: "before", code: "BACKEND_UNAVAILABLE" }],
      });
      const life = await play.ended();
      expect(life).toMatchObject({ state: "failed", error: "BACKEND_UNAVAILABLE" });
      isAsBefore(life);
      isReleased(play);
    });

    it("every moment of it fails once, also those after the pivot: it goes on", async () => {
      const once = { code: "BACKEND_UNAVAILABLE", times: 1 } as const;
      const faultsOf = () =>
        cellsOf([...held, "grow-relay", "release-relay"]).map((cell) => ({ ...once, ...cell }));
      const play = await stage.update(await ordered("shaken"), growing, { faultsOf });
      expect(await play.ended()).toMatchObject({ state: "succeeded", version: 2, rate: 4_000 });
      isReleased(play);
    });
  });

  it("what needs a word waits for it, and the old configuration serves meanwhile", async () => {
    const play = await stage.update(await active(stage, "asked"), { needs: { data_size: "2TB" } });
    await play.reaches("awaiting_approval");
    expect(await play.life()).toMatchObject({ status: "active", version: 1 });
    const asked = (await play.life()).events.findLast(({ type }) => type === "ApprovalRequested");
    const plan_hash = asked?.type === "ApprovalRequested" ? asked.data.plan_hash : "";
    await play.tell("approve", { plan_hash });
    expect(await play.ended()).toMatchObject({ state: "succeeded", version: 2 });
  });
});
