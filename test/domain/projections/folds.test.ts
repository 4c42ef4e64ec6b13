import { describe, expect, it } from "vitest";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../../domain/projections/namespaces.ts";
import { type OperationRow, operations } from "../../../domain/projections/operations.ts";
import * as a from "../namespace/examples.ts";
import { recorded } from "../namespace/recorded.ts";

const namespaceAfter = (...events: readonly NamespaceEvent[]) =>
  recorded(events).reduce<NamespaceRow | undefined>((row, event) => namespaces.apply(row, event), undefined);
const operationAfter = (...events: readonly NamespaceEvent[]) =>
  recorded(events).reduce<OperationRow | undefined>((row, event) => operations.apply(row, event), undefined);

describe("the namespaces", () => {
  it("are known from the request on, and by no proxy", () =>
    expect(namespaceAfter(a.requested)).toMatchObject({
      namespace: "orders",
      team: "payments-team",
      status: "provisioning",
      version: 1,
      serving: "none",
      directory_version: "0",
      created_at: "2026-01-01T00:00:00.000Z",
    }));

  it("are shown to proxies for the probe once access is set up, to clients once they are active", () => {
    expect(namespaceAfter(...a.ready)).toMatchObject({
      serving: "probing",
      directory_version: "9",
      status: "provisioning",
    });
    expect(namespaceAfter(...a.ready, a.activated)).toMatchObject({
      serving: "serving",
      directory_version: "12",
      status: "active",
      operation: { state: "succeeded" },
    });
  });

  it("are taken from proxies when they fail, and only if proxies had them", () => {
    expect(namespaceAfter(...a.ready, a.failed())).toMatchObject({
      serving: "none",
      directory_version: "12",
      status: "failed",
    });
    expect(namespaceAfter(a.requested, a.failed())).toMatchObject({
      serving: "none",
      directory_version: "0",
    });
  });

  it("begin again with nothing of their last life", () =>
    expect(namespaceAfter(a.requested, a.planned, a.failed(), a.requested)).toMatchObject({
      plan: null,
      status: "provisioning",
    }));
});

describe("the operations", () => {
  const stepOf = (row: OperationRow | undefined, name: string) =>
    row?.steps.find((step) => step.name === name);

  it("know their steps once the plan is known", () => {
    expect(operationAfter(a.requested)?.steps.map(({ name }) => name)).not.toContain(
      "ensure kafka topic orders-queue",
    );
    const steps = operationAfter(a.requested, a.planned)?.steps;
    expect(steps?.map(({ name, state }) => `${name}: ${state}`)).toEqual([
      "begin: done",
      "reserve-quota: done",
      "select: done",
      "assign-shard: pending",
      "ensure kafka topic orders-queue: pending",
      "ensure postgres wal-table wal_orders: pending",
      "configure-patterns: pending",
      "configure-access: pending",
      "register: pending",
      "probe: pending",
      "commit-quota: pending",
      "activate: pending",
    ]);
  });

  it("show a step at work, failing, tried again and done", () => {
    const step = "ensure kafka topic orders-queue";
    const failure: NamespaceEvent = {
      type: "StepFailed",
      data: { step, attempt: 1, error: a.outage, will_retry: true },
    };
    const begun = [a.requested, a.planned, a.intended(a.topic)];
    expect(stepOf(operationAfter(...begun), step)).toMatchObject({
      state: "running",
      attempts: 0,
      ended_at: null,
    });
    expect(stepOf(operationAfter(...begun, failure), step)).toMatchObject({
      state: "retrying",
      attempts: 1,
      last_error: a.outage,
    });
    expect(stepOf(operationAfter(...begun, failure, a.provisioned(a.topic)), step)).toMatchObject({
      state: "done",
      attempts: 2,
    });
  });

  it("are decided by a failure that is final, before the unwinding ends", () => {
    const final: NamespaceEvent = {
      type: "StepFailed",
      data: { step: "select", attempt: 1, error: a.outage, will_retry: false },
    };
    expect(operationAfter(a.requested, final)).toMatchObject({
      state: "running",
      error: a.outage,
      ended_at: null,
    });
    expect(operationAfter(a.requested, final, a.failed())).toMatchObject({
      state: "failed",
      ended_at: "2026-01-01T00:00:02.000Z",
    });
  });

  it("succeed with the activation", () =>
    expect(operationAfter(...a.ready, a.activated)).toMatchObject({ state: "succeeded", error: null }));
});
