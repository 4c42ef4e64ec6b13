import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSteps } from "../../domain/namespace/steps.ts";
import { select } from "../../domain/selection/select.ts";
import { development } from "../domain/inventories.ts";
import { request } from "../domain/namespace/examples.ts";
import { type Cell, cellsOf, lateMoments, stepAmong } from "./cells.ts";
import type { Life } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

/** Whatever happened: it serves and is counted, or nothing is left and the operation says why. */
const wholeOrNothing = (life: Life) => {
  if (life.state === "succeeded") {
    expect(life).toMatchObject({ status: "active", quota: 1 });
    expect(life.left).toHaveLength(resources);
    expect(life.types.filter((type) => type === "ResourceProvisioned")).toHaveLength(resources);
  } else {
    expect(life).toMatchObject({ left: [], quota: 0 });
    expect(life.types).not.toContain("CleanupBlocked");
    expect(life.error).toBeDefined();
  }
  expect(life.types.filter((type) => /^Namespace(Activated|Failed|Rejected)$/.test(type))).toHaveLength(1);
};

const planOf = (namespace: string) => select({ ...request, namespace }, development).plan;
const stepsOf = (namespace: string) => createSteps({ plan: planOf(namespace) });
const resources = planOf("orders").resources.length;
const steps = stepsOf("orders");

const stepAt = stepAmong(stepsOf);
const cells = cellsOf(steps);

describe.concurrent("the create workflow", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const create = (
    name: string,
    code: "BACKEND_UNAVAILABLE" | "FORBIDDEN",
    times: number,
    { step, moment }: Cell,
  ) =>
    stage.create(name, {
      faultsOf: (namespace) => [{ step: stepAt(namespace, step), moment, code, times }],
    });

  it("goes through every step, keeps what it made, and says where its events end", async () => {
    const life = await (await stage.create("whole")).ended();
    wholeOrNothing(life);
    expect(life).toMatchObject({ state: "succeeded", error: undefined });
    expect(life.types.at(-1)).toBe("NamespaceActivated");
  });

  it("takes at most 16 activities for order-processing", () => expect(steps.length).toBeLessThanOrEqual(16));

  it("every step fails at every moment of it, for a while: it goes on", async () => {
    const once = { code: "BACKEND_UNAVAILABLE", times: 1 } as const;
    const play = await stage.create("while", {
      faultsOf: (namespace) => cellsOf(stepsOf(namespace), lateMoments).map((cell) => ({ ...once, ...cell })),
    });
    const life = await play.ended();
    wholeOrNothing(life);
    expect(life.state).toBe("succeeded");
    expect(life.types.filter((type) => type === "StepFailed").length).toBeGreaterThan(steps.length);
  }, 90_000);

  it.each(cells.filter(({ step }) => step !== "begin"))(
    "$step fails for good, $moment: whole or nothing",
    async (cell) => {
      const life = await (await create("good", "FORBIDDEN", Number.POSITIVE_INFINITY, cell)).ended();
      wholeOrNothing(life);
      // What was recorded as active stays so, whatever became of the attempt that recorded it.
      const held = cell.step === "activate" && cell.moment === "recorded";
      expect(life.state).toBe(held ? "succeeded" : "failed");
      if (!held) expect(life.error).toBe("FORBIDDEN");
    },
  );

  it.each(cells.filter(({ step, moment }) => step !== "begin" && moment === "recorded"))(
    "$step parks: abandoned, nothing is left",
    async (cell) => {
      const play = await create("parks", "BACKEND_UNAVAILABLE", Number.POSITIVE_INFINITY, cell);
      const active = cell.step === "activate" && cell.moment === "recorded";
      if (!active) {
        await play.reaches("waiting");
        await play.tell("abandon");
      }
      const life = await play.ended();
      wholeOrNothing(life);
      expect(life.state).toBe(active ? "succeeded" : "failed");
    },
  );
});
