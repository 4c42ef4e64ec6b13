import { expect, it } from "vitest";
import { type ActivityDependencies, activities } from "../../activities/activities.ts";
import { killedActivities } from "./kill-matrix.ts";

it("every activity has its line in a kill matrix (test/e2e/kill-matrix.ts)", () => {
  const all = Object.keys(activities({} as ActivityDependencies));
  expect(all.filter((activity) => !killedActivities.has(activity))).toEqual([]);
  expect([...killedActivities].filter((activity) => !all.includes(activity))).toEqual([]);
});
