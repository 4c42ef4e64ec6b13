import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../setup/until.ts";
import { bundledWith } from "./bundles.ts";
import { codeOf } from "./code-of.ts";
import { outcomes } from "./outcomes.ts";
import type { Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

const hashOf = async (play: Play): Promise<string> => {
  const asked = (await play.life()).events.findLast(({ type }) => type === "ApprovalRequested");
  return asked?.type === "ApprovalRequested" ? asked.data.plan_hash : "";
};

const soon = (): Date => new Date(Date.now() + 10_000);

const much = { needs: { data_size: "2TB" } };

describe("a create that people have a word in", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const waiting = async (name: string): Promise<Play> => {
    const play = await stage.create(name, much);
    await play.reaches("awaiting_approval");
    return play;
  };

  it.each([
    ["active", "succeeded", "active", 1],
    ["approved", "succeeded", "active", 1],
    ["stale", "succeeded", "active", 1],
    ["parked", "succeeded", "active", 1],
    ["rejected", "rejected", "rejected", 0],
    ["failed", "failed", "failed", 0],
    ["cancelled", "cancelled", "failed", 0],
  ] as const)("%s: ends %s", async (name, state, status, quota) => {
    const { life } = (await outcomes[name]?.(stage)) ?? expect.fail();
    expect(life).toMatchObject({ state, status, quota });
    expect(life.left.length > 0).toBe(state === "succeeded");
  });

  it("builds nothing before somebody said yes, and keeps the quota meanwhile", async () => {
    const play = await waiting("patient");
    expect(await play.life()).toMatchObject({ status: "awaiting_approval", left: [], quota: 1 });
    await play.tell("cancel");
    expect(await play.ended()).toMatchObject({ state: "cancelled", left: [], quota: 0 });
  });

  it("cancelled while it comes to wait for somebody's word, it does not wait", async () => {
    // The word is taken up before the plan is there, and recorded after somebody was asked about it.
    const faultsOf = () =>
      [
        { step: "select", moment: "before", code: "BACKEND_UNAVAILABLE", times: 2 },
        { step: "cancel", moment: "before", code: "BACKEND_UNAVAILABLE" },
      ] as const;
    const play = await stage.create("overtaken", { ...much, faultsOf });
    // Answered once it is recorded; who asked may have left by then.
    const told = play.tell("cancel").catch(() => {});
    await until(async () => (await play.life()).types.includes("ApprovalRequested"));
    stage.fail(play.namespace, []);
    await told;
    const life = await play.ended();
    expect(life).toMatchObject({ state: "cancelled", left: [], quota: 0 });
    expect(life.types).toContain("ApprovalRequested");
  });

  it("takes no approval from who asked, of another plan, for another operation, or twice differently", async () => {
    const play = await waiting("strict");
    const plan_hash = await hashOf(play);
    expect(await codeOf(play.tell("approve", { plan_hash, by: "user:alice" }))).toBe("FORBIDDEN");
    expect(await codeOf(play.tell("approve", { plan_hash: "0".repeat(64) }))).toBe("APPROVAL_STALE");
    expect(await codeOf(play.tell("reject", { plan_hash: "0".repeat(64), reason: "no" }))).toBe(
      "APPROVAL_STALE",
    );
    expect(await codeOf(play.tell("approve", { plan_hash, operation: "another" }))).toBe("TOO_LATE");
    expect((await play.life()).state).toBe("awaiting_approval");
    await play.tell("approve", { plan_hash });
    expect((await play.ended()).state).toBe("succeeded");
  });

  it("an approval is of one plan: another that would be built today has to be approved anew", async () => {
    const { life } = (await outcomes["stale"]?.(stage)) ?? expect.fail();
    const hashes = life.events.flatMap((event) =>
      event.type === "ApprovalRequested" ? [event.data.plan_hash] : [],
    );
    expect(new Set(hashes).size).toBe(2);
    const granted = life.events.find(({ type }) => type === "ApprovalGranted");
    expect(granted?.data).toMatchObject({ plan_hash: hashes[1] });
  });

  it("waits across deployments: it goes on with the code of the day", async () => {
    const play = await waiting("long");
    const before = await hashOf(play);
    // The next deployment leaves a step out.
    const next = await bundledWith(
      "provision-namespace.ts",
      "steps.configurePatterns(on)",
      "steps.configureAccess(on)",
    );
    await stage.redeploy(next);
    await play.tell("approve", { plan_hash: before });
    const life = await play.ended();
    await stage.redeploy(stage.bundle);
    expect(life).toMatchObject({ state: "succeeded" });
    expect(life.types).not.toContain("PatternsConfigured");
  });

  it("cancelled through Temporal itself, it is undone all the same", async () => {
    const faultsOf = () => [{ step: "probe", moment: "before", code: "BACKEND_UNAVAILABLE" } as const];
    const play = await stage.create("by-temporal", { faultsOf });
    await until(async () => (await play.life()).types.includes("ProxiesRegistered"));
    await play.handle.cancel();
    await until(async () => (await play.life()).status === "failed");
    expect(await play.life()).toMatchObject({ state: "cancelled", left: [], quota: 0 });
  });

  it("cancelled through Temporal itself while an attempt is failing, it is cancelled", async () => {
    const play = await stage.create("by-temporal-late");
    stage.deaf.add(play.namespace);
    await until(async () => (await play.life()).types.includes("ProxiesRegistered"));
    await play.handle.cancel();
    await until(async () => (await play.life()).status === "failed");
    expect(await play.life()).toMatchObject({ state: "cancelled", left: [], quota: 0 });
  });

  it("cancelled through Temporal itself while it waits for a word, it gives back what it held", async () => {
    const play = await waiting("asleep");
    await play.handle.cancel();
    await until(async () => (await play.life()).status === "failed");
    expect(await play.life()).toMatchObject({ state: "cancelled", left: [], quota: 0 });
  });

  it("takes no word once it is over, and says so", async () => {
    const { play } = (await outcomes["active"]?.(stage)) ?? expect.fail();
    const message = { operation: play.operation, by: "user:root" };
    expect(
      await stage.people.tell(
        { verb: "cancel", namespace: play.namespace, told: message, revision: "9" },
        soon(),
      ),
    ).toBe("unheard");
  });

  it("a retry that is said before the step's worker could tell that it parks counts", async () => {
    const faultsOf = () =>
      [
        { step: "probe", moment: "before", code: "BACKEND_UNAVAILABLE", times: 4 },
        { step: "park", moment: "recorded", code: "BACKEND_UNAVAILABLE", times: 1 },
      ] as const;
    const play = await stage.create("told-early", { faultsOf });
    await play.reaches("waiting");
    await play.tell("retry");
    const life = await play.ended();
    expect(life).toMatchObject({ state: "succeeded", status: "active" });
    expect(life.types.filter((type) => type === "OperationRetried")).toHaveLength(1);
  });

  it("parks as often as its budget is used up, and has it anew after each retry", async () => {
    const faultsOf = () => [
      { step: "commit-quota", moment: "before", code: "BACKEND_UNAVAILABLE", times: 8 } as const,
    ];
    const play = await stage.create("stubborn", { faultsOf });
    await play.reaches("waiting");
    await play.tell("retry");
    await until(
      async () => (await play.life()).types.filter((type) => type === "OperationParked").length === 2,
    );
    await play.tell("retry");
    const life = await play.ended();
    expect(life.state).toBe("succeeded");
    const attempts = life.events.flatMap((event) =>
      event.type === "StepFailed" ? [event.data.attempt] : [],
    );
    expect(attempts).toEqual([1, 2, 4, 1, 2, 4]);
  });

  it("shows its steps to whoever looks at it in Temporal", async () => {
    const faultsOf = () => [{ step: "probe", moment: "before", code: "BACKEND_UNAVAILABLE" } as const];
    const play = await stage.create("shown", { faultsOf });
    await play.reaches("waiting");
    const { currentDetails } = await play.handle.query<{ currentDetails: string }>(
      "__temporal_workflow_metadata",
    );
    expect(currentDetails).toContain("| ✓ | register | done |  |");
    expect(currentDetails).toContain("| ⏸ | probe | parked | told to fail at probe, before |");
    expect(currentDetails).toContain("| · | activate | pending |  |");
    const { events } = await play.handle.fetchHistory();
    const summaries = (events ?? []).map(({ userMetadata }) => String(userMetadata?.summary?.data ?? ""));
    expect(summaries).toContain('"probe"');
    expect(summaries).toContain(`"ensure kafka topic ${play.namespace}-queue"`);
    await play.tell("abandon");
    await play.ended();
  });

  it("what cannot be undone is reported, keeps the name taken, and stops no other undo", async () => {
    const faultsOf = (namespace: string) => [
      { step: "probe", moment: "before", code: "FORBIDDEN" } as const,
      {
        step: `remove kafka topic ${namespace}-queue`,
        moment: "before",
        code: "BACKEND_UNAVAILABLE",
      } as const,
    ];
    const play = await stage.create("sticky", { faultsOf });
    const life = await play.ended();
    expect(life.left).toEqual([`${play.namespace}-queue`]);
    expect(life.quota).toBe(0);
    const blocked = life.events.find(({ type }) => type === "CleanupBlocked");
    expect(blocked?.data).toEqual({ resources: [`kafka topic ${play.namespace}-queue`] });
    expect(life.events.find(({ type }) => type === "NamespaceFailed")?.data).toMatchObject({
      cleanup_blocked: true,
    });
  });
});

describe("a create that nobody has a word in", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ approvalMs: 500 });
  });
  afterAll(() => stage?.close());

  it("expires, and nothing is left", async () => {
    const { life } = (await outcomes["expired"]?.(stage)) ?? expect.fail();
    expect(life).toMatchObject({
      state: "rejected",
      status: "rejected",
      error: "APPROVAL_REQUIRED",
      left: [],
      quota: 0,
    });
    expect(life.types).toContain("ApprovalExpired");
  });
});
