import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Moment } from "../../activities/step.ts";
import { rewindSteps } from "../../domain/namespace/steps.ts";
import type { Fault, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

describe.concurrent("the rewind workflow", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.close());

  const rewinding = async (name: string, ...faults: Fault[]): Promise<Play> => {
    const created = await stage.create(name);
    await created.ended();
    return stage.rewind(created, { faultsOf: () => faults });
  };
  const moments: readonly Moment[] = ["before", "after", "recorded"];
  const cells = rewindSteps
    .flatMap((step) => moments.map((moment) => ({ step, moment })))
    .filter(({ step, moment }) => step === "rewind" || moment !== "after");
  const ends = ["RelayRewound", "RewindFailed"];
  const endsOf = ({ types }: { types: readonly string[] }) => types.filter((type) => ends.includes(type));

  it("says how much is sent again, and leaves the namespace in use", async () => {
    const life = await (await rewinding("rewound")).ended();
    expect(life).toMatchObject({ state: "succeeded", status: "active", version: 1, quota: 1 });
    expect(life.events.at(-1)).toMatchObject({ type: "RelayRewound", data: { messages: 7, from: "12" } });
  });

  it.each(cells)("fails for a while at $step, $moment: it goes on, and ends once", async (cell) => {
    const fault = { ...cell, code: "BACKEND_UNAVAILABLE", times: 2 } as const;
    const life = await (await rewinding("stumbles", fault)).ended();
    expect(life.state).toBe("succeeded");
    expect(endsOf(life)).toEqual(["RelayRewound"]);
  });

  it("that is refused fails, says why, and changes nothing", async () => {
    const fault = { step: "rewind", moment: "before", code: "FORBIDDEN" } as const;
    const life = await (await rewinding("refused", fault)).ended();
    expect(life).toMatchObject({ state: "failed", status: "active", error: "FORBIDDEN" });
    expect(endsOf(life)).toEqual(["RewindFailed"]);
  });

  it("parks where it cannot go on, and is cancelled there or tried again", async () => {
    const fault = { step: "rewind", moment: "before", code: "BACKEND_UNAVAILABLE", times: 4 } as const;
    const [cancelled, retried] = await Promise.all([rewinding("given-up", fault), rewinding("again", fault)]);
    await Promise.all([cancelled.reaches("waiting"), retried.reaches("waiting")]);
    await Promise.all([cancelled.tell("cancel"), retried.tell("retry")]);
    expect(await cancelled.ended()).toMatchObject({ state: "cancelled", status: "active" });
    expect(await retried.ended()).toMatchObject({ state: "succeeded", status: "active" });
  });
});
