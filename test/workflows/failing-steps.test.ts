import { expect, it } from "vitest";
import { goingForward } from "../e2e/kill-matrix.ts";
import { failing } from "./failing-steps.ts";

const onResources = (steps: readonly string[]) => steps.filter((step) => /^(ensure|remove) /.test(step));

it.each(["create", "update", "delete"] as const)(
  "every activity with which a %s goes forward is made to fail (test/e2e/kill-matrix.ts lists all there are)",
  (operation) => {
    const { before, after } = failing[operation];
    const steps = ["begin", ...before, ...after];
    const { named, onResource } = goingForward(operation);
    expect(new Set(steps.filter((step) => !onResources(steps).includes(step)))).toEqual(new Set(named));
    expect(onResources(steps).length > 0).toBe(onResource);
  },
);
