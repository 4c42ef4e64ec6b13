import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import { type AuditRow, audit, auditKey } from "../../../domain/projections/audit.ts";
import { type TeamRow, teams } from "../../../domain/projections/teams.ts";
import { activated, failed, operation, probed, requested } from "../namespace/examples.ts";

type Fact = { readonly type: string; readonly data: object };

const recorded = (stream: string, event: Fact, position = 7n) =>
  ({
    ...event,
    id: "id",
    stream,
    revision: 0n,
    position,
    recordedAt: new Date("2026-01-02T03:04:05.006Z"),
    metadata: {
      actor: "user:alice",
      operation,
      correlation: operation,
      causation: null,
      schema: 1,
      incarnation: 1,
    },
    hash: "h",
  }) as unknown as RecordedEvent<never>;

const quota = { write_rps: 100, read_rps: 100, data_size: "10GB", namespaces: 2 };
const taken = { write_rps: 30, read_rps: 40, data_size: "1GB", namespaces: 1 };
const nothing = { write_rps: 0, read_rps: 0, data_size: "0B", namespaces: 0 };
const held = { team: "t", namespace: "orders", incarnation: 1, operation: "op" };

const defined: Fact = { type: "TeamDefined", data: { team: "t", quota } };
const reserved: Fact = { type: "QuotaReserved", data: { ...held, amounts: taken } };
const committed: Fact = { type: "QuotaCommitted", data: held };
const released: Fact = { type: "QuotaReleased", data: { ...held, released: "namespace" } };

const teamAfter = (...events: readonly Fact[]) =>
  events.reduce<TeamRow | undefined>((row, event) => teams.apply(row, recorded("team-t", event)), undefined);

describe("the teams", () => {
  it("are told by their own streams", () => {
    expect(teams).toMatchObject({ name: "teams", version: 1, streams: ["team-"] });
    expect(teams.key(recorded("team-payments-team", defined))).toBe("payments-team");
  });
  it("begin with nothing taken", () =>
    expect(teamAfter(defined)).toEqual({
      team: "t",
      quota,
      reserved: nothing,
      remaining: quota,
      holdings: [],
    }));
  it("have less left while something is reserved, and as much less once it is committed", () => {
    const left = { write_rps: 70, read_rps: 60, data_size: "9GB", namespaces: 1 };
    expect(teamAfter(defined, reserved)).toMatchObject({ reserved: taken, remaining: left });
    expect(teamAfter(defined, reserved, committed)).toMatchObject({ reserved: taken, remaining: left });
    expect(teamAfter(defined, reserved, committed)?.holdings).toHaveLength(1);
  });
  it("get back what is released", () =>
    expect(teamAfter(defined, reserved, committed, released)).toMatchObject({
      reserved: nothing,
      remaining: quota,
      holdings: [],
    }));
  it("have nothing left, not less, under a lowered quota", () => {
    const lowered = { type: "QuotaChanged", data: { team: "t", quota: { ...quota, write_rps: 10 } } };
    expect(teamAfter(defined, reserved, lowered)).toMatchObject({
      quota: { write_rps: 10 },
      remaining: { write_rps: 0 },
    });
  });
});

const deed = (stream: string, event: Fact): AuditRow | undefined =>
  audit.apply(undefined, recorded(stream, event));

describe("the audit log", () => {
  it("is told by namespaces and teams", () => expect(audit.streams).toEqual(["namespace-", "team-"]));

  it("says who asked for what, for whom, and when", () =>
    expect(deed("namespace-orders", requested)).toEqual({
      position: "7",
      at: "2026-01-02T03:04:05.006Z",
      actor: "user:alice",
      action: "create namespace",
      outcome: "accepted",
      namespace: "orders",
      team: "payments-team",
      operation,
      hash: "h",
    }));

  it.each([
    ["namespace-orders", activated, "create namespace", "succeeded"],
    ["namespace-orders", failed(), "create namespace", "failed"],
    ["namespace-orders", { type: "NamespaceRejected", data: {} }, "create namespace", "failed"],
    ["namespace-orders", { type: "UpdateRequested", data: {} }, "update namespace", "accepted"],
    ["namespace-orders", { type: "UpdateApplied", data: {} }, "update namespace", "succeeded"],
    ["namespace-orders", { type: "UpdateFailed", data: {} }, "update namespace", "failed"],
    ["namespace-orders", { type: "DeletionRequested", data: {} }, "delete namespace", "accepted"],
    ["namespace-orders", { type: "NamespaceDeleted", data: {} }, "delete namespace", "succeeded"],
    ["namespace-orders", { type: "ApprovalGranted", data: {} }, "approve plan", "succeeded"],
    ["namespace-orders", { type: "ApprovalRejected", data: {} }, "reject plan", "succeeded"],
    ["namespace-orders", { type: "OperationRetried", data: {} }, "retry operation", "succeeded"],
    ["namespace-orders", { type: "OperationAbandoned", data: {} }, "abandon operation", "succeeded"],
    ["namespace-orders", { type: "OperationCancelled", data: {} }, "cancel operation", "succeeded"],
    ["team-t", defined, "define team", "succeeded"],
    ["team-t", { type: "QuotaChanged", data: {} }, "change quota", "succeeded"],
  ] as const)("%s %j", (stream, event, action, outcome) => {
    const [namespace, team] = stream.startsWith("team-") ? [null, "t"] : ["orders", null];
    expect(deed(stream, event)).toMatchObject({ action, outcome, namespace, team });
    expect(audit.key(recorded(stream, event))).toBe("0000000000000000007");
  });

  it("leaves out what people did not do", () => {
    for (const event of [probed, reserved, committed]) {
      expect(audit.key(recorded("namespace-orders", event))).toBeUndefined();
      expect(deed("namespace-orders", event)).toBeUndefined();
    }
  });

  it("sorts by position, however many digits it has", () =>
    expect([10n, 9n, 100n].map(auditKey).sort()).toEqual([9n, 10n, 100n].map(auditKey)));
});
