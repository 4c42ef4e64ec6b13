import { beforeEach, describe, expect, it } from "vitest";
import { decisionActivities } from "../../activities/decisions.ts";
import { lifecycleActivities } from "../../activities/lifecycle.ts";
import { type Recorder, recorder } from "../../activities/recorder.ts";
import { backendOf } from "../../domain/selection/inventory.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { development } from "../domain/inventories.ts";
import * as a from "../domain/namespace/examples.ts";
import { attempt } from "./lived.ts";

const occasion = { namespace: "orders", operation: a.operation, actor: "user:alice" };
const needs = { ...a.request.needs, data_size: "2TB", durability: "strong" } as const;

describe("a plan that waits for somebody's word", () => {
  let recording: Recorder;
  let inventory: { kafka?: ReturnType<typeof backendOf> };
  let decisions: ReturnType<typeof decisionActivities>;
  beforeEach(async () => {
    recording = recorder(memoryEventStore());
    inventory = { ...development };
    const deps = { attempt, recorder: recording, inventory, approvalMs: 60_000 };
    const life = lifecycleActivities({ ...deps, failpoint: () => {}, shards: undefined as never });
    await life.begin({ occasion, request: { ...a.request, needs }, workflow: a.workflow });
    await life.selectPlan(occasion);
    decisions = decisionActivities(deps);
    await decisions.requestApproval(occasion);
  });
  const waiting = async () =>
    (await recording.read("orders")).state.operation?.approval.waiting?.planHash ?? "";
  const approve = async () =>
    decisions.approvePlan({
      occasion,
      told: { operation: a.operation, by: "user:root", plan_hash: await waiting() },
    });
  const withBrokers = (brokers: number) => {
    inventory.kafka = backendOf("kafka", { brokers });
  };

  it("can be approved also where what would be chosen has changed there and back, and there again", async () => {
    for (const brokers of [3, 1, 3]) {
      withBrokers(brokers);
      await expect(approve()).rejects.toMatchObject({ code: "APPROVAL_STALE" });
    }
    expect(await approve()).toMatchObject({ hash: await chosen(), needsApproval: false });
  });

  it("goes on where today's plan needs nobody's word, also when the first answer was lost", async () => {
    const record = recording.record.bind(recording);
    const { expiresAt, planHash } = (await recording.read("orders")).state.operation?.approval.waiting ?? {
      expiresAt: "",
      planHash: "",
    };
    // What the attempt recorded before it died: a plan of which nothing has to be approved.
    const selection = { ...a.selection, hash: "harmless", approval: [] };
    await record(occasion, "renew to harmless", {
      type: "RenewPlan",
      operation: a.operation,
      selection,
      expiresAt,
    });
    const told = { operation: a.operation, by: "user:root", plan_hash: planHash };
    expect(await decisions.approvePlan({ occasion, told })).toMatchObject({ hash: "harmless" });
  });

  const chosen = async () => (await recording.read("orders")).state.operation?.selected?.hash;
});
