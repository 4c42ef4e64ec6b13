import { expect, it } from "vitest";
import { until } from "../setup/until.ts";
import { type Cell, cellsOf, lateMoments } from "./cells.ts";
import { codeOf } from "./code-of.ts";
import type { Fault, Life, Play } from "./play.ts";
import type { Stage } from "./stage.ts";

export type Pivoted = {
  readonly stage: () => Stage;
  /** Begins it on a namespace of its own, which is in service. */
  readonly begin: (name: string, faultsOf: (namespace: string) => readonly Fault[]) => Promise<Play>;
  readonly steps: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** A step of "orders" as it is called for another namespace. */
  readonly stepAt: (namespace: string, step: string) => string;
  /** The last of the steps before: there is no way back once it is recorded. */
  readonly pivot: string;
  readonly isDone: (life: Life) => void;
  readonly isAsBefore: (life: Life) => void;
};

/** What an operation that can be undone before its pivot owes, wherever one of its steps fails. */
export function pivotContract({ stage, begin, steps, stepAt, pivot, isDone, isAsBefore }: Pivoted): void {
  const failing = (name: string, { step, moment }: Cell, fault: Omit<Fault, "step" | "moment">) =>
    begin(name, (namespace) => [{ ...fault, step: stepAt(namespace, step), moment }]);
  const recorded = cellsOf(steps.before).filter(({ moment }) => moment === "recorded");

  it.each(cellsOf(steps.before))("$step fails for good, $moment: all is as before", async (cell) => {
    const life = await (await failing("good", cell, { code: "FORBIDDEN" })).ended();
    // What was recorded counts, whatever became of the attempt that recorded it.
    if (cell.step === pivot && cell.moment === "recorded") return isDone(life);
    expect(life).toMatchObject({ state: "failed", error: "FORBIDDEN" });
    isAsBefore(life);
  });

  it.each(recorded)("$step parks: abandoned, all is as before, unless it was the pivot", async (cell) => {
    const play = await failing("parks", cell, { code: "BACKEND_UNAVAILABLE" });
    await play.reaches("waiting");
    if (cell.step === pivot) {
      expect(await codeOf(play.tell("abandon"))).toBe("TOO_LATE");
      stage().fail(play.namespace, []);
      await play.tell("retry");
      return isDone(await play.ended());
    }
    await play.tell("abandon");
    const life = await play.ended();
    expect(life).toMatchObject({ state: "failed", error: "BACKEND_UNAVAILABLE" });
    isAsBefore(life);
  });

  it("every step fails at every moment of it, for a while: it goes on", async () => {
    const once = { code: "BACKEND_UNAVAILABLE", times: 1 } as const;
    const faultsOf = (namespace: string) =>
      cellsOf([...steps.before, ...steps.after], lateMoments).map(({ step, moment }) => ({
        ...once,
        step: stepAt(namespace, step),
        moment,
      }));
    isDone(await (await begin("while", faultsOf)).ended());
  });

  it("every step after the pivot is refused once: each waits, and it only goes forward", async () => {
    const once = { code: "FORBIDDEN", times: 1, moment: "before" } as const;
    const faultsOf = (namespace: string) =>
      steps.after.map((step) => ({ ...once, step: stepAt(namespace, step) }));
    const play = await begin("refused", faultsOf);
    await play.reaches("waiting");
    expect(await codeOf(play.tell("cancel"))).toBe("TOO_LATE");
    expect(await codeOf(play.tell("abandon"))).toBe("TOO_LATE");
    while ((await play.life()).state !== "succeeded") {
      await until(async () => ["waiting", "succeeded"].includes((await play.life()).state ?? ""));
      if ((await play.life()).state === "waiting") await play.tell("retry");
    }
    isDone(await play.ended());
  });

  it("parked after the pivot and then cancelled through Temporal itself, it can be retried", async () => {
    const [step] = steps.after.slice(-1);
    const fault = { step: step ?? "", moment: "before", code: "FORBIDDEN" } as const;
    const play = await begin("cancelled-late", (namespace) => [
      { ...fault, step: stepAt(namespace, fault.step) },
    ]);
    await play.reaches("waiting");
    await play.handle.cancel();
    stage().fail(play.namespace, []);
    await play.tell("retry");
    isDone(await play.ended());
  });

  const ensured = steps.before.filter((step) => step.startsWith("ensure ")).slice(0, 1);
  const waiting: readonly Cell[] = [
    { step: steps.before[0] ?? "", moment: "before" },
    ...ensured.map((step) => ({ step, moment: "after" as const })),
  ];
  it.each(waiting)("cancelled where it waits $moment $step, all is as before", async (cell) => {
    const play = await failing("cancelled", cell, { code: "BACKEND_UNAVAILABLE" });
    await play.reaches("waiting");
    await play.tell("cancel");
    const life = await play.ended();
    expect(life.state).toBe("cancelled");
    isAsBefore(life);
  });
}
