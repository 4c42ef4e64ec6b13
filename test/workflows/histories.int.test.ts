import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from "@temporalio/worker";
import { beforeAll, describe, expect, it } from "vitest";
import { bundled, bundledWith } from "./bundles.ts";
import { read } from "./history.ts";
import { outcomes } from "./outcomes.ts";

const folder = join(import.meta.dirname, "..", "histories");
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

Runtime.install({ logger: new DefaultLogger("ERROR") });

const replay = (workflowBundle: WorkflowBundle, file: string): Promise<void> => {
  const recorded = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, unknown>;
  return Worker.runReplayHistory({ workflowBundle }, read(recorded), "namespace/orders");
};

/** What running workflows have behind them: whoever changes a workflow must not lose them. */
describe("the recorded histories", () => {
  let workflows: WorkflowBundle;
  beforeAll(async () => {
    workflows = await bundled();
  });

  it.each(Object.keys(outcomes))("hold %s", (outcome) =>
    expect(files.filter((file) => file.startsWith(`${outcome}.`))).not.toEqual([]),
  );

  it.each(files)("%s goes on as it was", (file) => replay(workflows, file));

  it("hold nothing of the machine they were recorded on", () => {
    for (const file of files)
      expect(readFileSync(join(folder, file), "utf8")).not.toMatch(/"\d+@|\/node_modules\//);
  });

  it.each([
    [
      "a step more",
      'await step("probe"',
      'await step("again", (steps, on) => steps.configureAccess(on));\n    await step("probe"',
    ],
    ["a step less", 'await step("commit-quota", (steps, on) => steps.commitQuota(on));', ""],
    ["two steps the other way round", "steps.configurePatterns(on)", "steps.configureAccess(on)"],
  ])("a planted edit is noticed: %s", async (_, before, after) => {
    const edited = await bundledWith("provision-namespace.ts", before, after);
    const file =
      files.find((name) => name.startsWith("active.") && name.includes("provisionNamespace")) ?? "";
    await expect(replay(edited, file)).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
