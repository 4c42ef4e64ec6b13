import { expect, it } from "vitest";
import { metrics } from "../../proxy/metrics.ts";

it("how long the thread worked for a namespace is counted while it is served, and only then", async () => {
  const { registry, show, worked } = metrics();
  const shown = async () =>
    [
      ...(await registry.metrics()).matchAll(/^prism_namespace_busy_seconds_total{namespace="(.*)"} (.*)$/gm),
    ].map(([, namespace, seconds]) => [namespace, Number(seconds)]);
  worked("a", 1);
  show(new Map([["a", "kafka"]]));
  expect(await shown()).toEqual([["a", 0]]);
  worked("a", 250);
  worked("a", 500);
  worked("stranger", 500);
  expect(await shown()).toEqual([["a", 0.75]]);
  expect(await shown()).toEqual([["a", 0.75]]);
  show(new Map());
  expect(await shown()).toEqual([]);
});
