import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ActivityDependencies, activities } from "../../activities/activities.ts";
import { failpoint } from "../../activities/failpoint.ts";
import { momentsOf, steps } from "../../activities/step.ts";
import { activitiesOf, cells, failpointOf, operations } from "./kill-matrix.ts";
import { resourcesOf } from "./kinds.ts";

/** The operations of which a test asks for the cells, to play them: as `cells("growth", …)`, in its code. */
const played: ReadonlySet<string> = new Set(
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".e2e.test.ts"))
    .flatMap((file) => readFileSync(`${import.meta.dirname}/${file}`, "utf8").split("\n"))
    .flatMap((line) => /^[^/*]*\bcells\("(\w+)",/.exec(line)?.[1] ?? []),
);

describe("the kill matrix", () => {
  it("has a test for each of its operations", () => {
    expect([...played].sort()).toEqual(operations.toSorted());
  });

  it("has a line for every activity, which a test plays", () => {
    const all = Object.keys(activities({} as ActivityDependencies));
    const killed = operations.filter((operation) => played.has(operation)).flatMap(activitiesOf);
    expect(new Set(killed)).toEqual(new Set(all));
  });

  it("has every moment of every step", () => {
    const resources = resourcesOf("orders", "x").slice(0, 1);
    const points = operations.flatMap((operation) =>
      cells(operation, 1).map((cell) => failpointOf(cell, "x", resources).replace(/:[^:]*$/, "")),
    );
    const named = points.filter((point) => !/^(ensure|restore|remove) /.test(point));
    expect(new Set(named)).toEqual(
      new Set(steps.flatMap((step) => (momentsOf(step) ?? []).map((moment) => `${step}:${moment}`))),
    );
    for (const point of points)
      expect(() => failpoint(`${point}:${/sweep/.test(point) ? "*" : "x"}`)).not.toThrow();
  });
});
