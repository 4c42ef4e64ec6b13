import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Client, Connection } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Resource } from "../../domain/plan.ts";
import { request, table, topic } from "../domain/namespace/examples.ts";

/** What a create leaves in the world, played by activities that only remember. */
type World = { readonly resources: Set<string>; quota: boolean; outcome: string; readonly done: string[] };

type Fault = { readonly step: string; readonly when: "before" | "after"; readonly lasting?: true };

const steps = [
  "begin",
  "reserveQuota",
  "selectPlan",
  "assignShard",
  "ensureResource topic",
  "ensureResource wal-table",
  "configurePatterns",
  "configureAccess",
  "registerWithProxies",
  "probeThroughProxy",
  "commitQuota",
];

Runtime.install({ logger: new DefaultLogger("ERROR") });

describe("the create workflow", () => {
  const address = process.env["PRISM_TEMPORAL_ADDRESS"] ?? "";
  let connection: Connection;
  let native: NativeConnection;
  let workflowBundle: WorkflowBundle;
  beforeAll(async () => {
    connection = await Connection.connect({ address });
    native = await NativeConnection.connect({ address });
    const workflowsPath = fileURLToPath(new URL("../../workflows/index.ts", import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger("ERROR") });
  });
  afterAll(async () => {
    await connection?.close();
    await native?.close();
  });

  const run = async (faults: readonly Fault[], cancelAt?: string): Promise<World> => {
    const world: World = { resources: new Set(), quota: false, outcome: "", done: [] };
    const taskQueue = `workflow-${randomUUID()}`;
    const client = new Client({ connection });
    const workflowId = `namespace/${taskQueue}`;
    const activities = remembering(world, faults, async (step) => {
      if (step === cancelAt) await client.workflow.getHandle(workflowId).cancel();
    });
    const worker = await Worker.create({ connection: native, taskQueue, workflowBundle, activities });
    await worker.runUntil(async () => {
      const occasion = { namespace: "orders", operation: "op-1", actor: "user:alice" };
      const input = { occasion, request, timeouts: { heartbeatMs: 5_000, startToCloseMs: 10_000 } };
      await client.workflow.execute("createNamespace", { workflowId, taskQueue, args: [input] });
    });
    return world;
  };

  it("goes through every step, and keeps what it made", async () => {
    const world = await run([]);
    expect(world.outcome).toBe("active");
    expect(world.resources.size).toBe(2);
    expect(new Set(world.done)).toEqual(new Set([...steps, "activate"]));
  });

  it("takes at most 16 activities for four resources", () =>
    expect(steps.length + 2 + 1).toBeLessThanOrEqual(16));

  // A refused begin owns nothing and has nothing to undo: it is the only step outside the saga.
  describe.each(["before", "after"] as const)("when a step fails for good %s it took effect", (when) => {
    it.each(steps.slice(1))("%s: nothing is left, and the operation says why", async (step) => {
      const world = await run([{ step, when }]);
      expect(world.outcome).toBe("failed: FORBIDDEN");
      expect([...world.resources]).toEqual([]);
      expect(world.quota).toBe(false);
    });
  });

  it("a passing failure is tried again", async () => {
    const world = await run([{ step: "probeThroughProxy", when: "before", lasting: true }]);
    expect(world.outcome).toBe("active");
  });

  it.each(["selectPlan", "ensureResource topic", "registerWithProxies", "probeThroughProxy"])(
    "cancelled during %s: nothing is left",
    async (step) => {
      const world = await run([], step);
      expect(world.outcome).toMatch(/^failed/);
      expect([...world.resources]).toEqual([]);
      expect(world.quota).toBe(false);
    },
  );
});

/** Activities that change a world of sets, fail where they are told, and are honest about what they did. */
function remembering(world: World, faults: readonly Fault[], reached: (step: string) => Promise<void>) {
  const failed = new Set<Fault>();
  const step = async (name: string, effect: () => void) => {
    await reached(name);
    const fault = faults.find((each) => each.step === name && !(each.lasting && failed.has(each)));
    const fail = () => {
      if (fault !== undefined) failed.add(fault);
      throw ApplicationFailure.create({
        type: fault?.lasting ? "BACKEND_UNAVAILABLE" : "FORBIDDEN",
        nonRetryable: !fault?.lasting,
        message: "told to",
      });
    };
    if (fault?.when === "before") fail();
    effect();
    world.done.push(name);
    if (fault?.when === "after") fail();
  };
  const nothing = () => {};
  const named = (name: string) => () => step(name, nothing);
  return {
    begin: named("begin"),
    reserveQuota: () => step("reserveQuota", () => void Object.assign(world, { quota: true })),
    commitQuota: named("commitQuota"),
    releaseQuota: async () => void Object.assign(world, { quota: false }),
    selectPlan: async () => {
      await step("selectPlan", nothing);
      return { hash: "h", backend: "kafka", resources: [topic, table] };
    },
    assignShard: named("assignShard"),
    ensureResource: ({ resource }: { resource: Resource }) =>
      step(`ensureResource ${resource.kind}`, () => void world.resources.add(resource.name)),
    removeResource: async ({ resource }: { resource: Resource }) =>
      void world.resources.delete(resource.name),
    configurePatterns: named("configurePatterns"),
    configureAccess: named("configureAccess"),
    registerWithProxies: named("registerWithProxies"),
    probeThroughProxy: named("probeThroughProxy"),
    activate: async () => {
      await step("activate", () => void Object.assign(world, { outcome: "active" }));
      return { state: "succeeded", position: "1" };
    },
    fail: async ({ error }: { error: { code: string } }) => {
      world.outcome = `failed: ${error.code}`;
      return { state: "failed", position: "1", error };
    },
  };
}
