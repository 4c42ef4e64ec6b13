import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import { type AuditRow, audit, auditKey } from "../../../domain/projections/audit.ts";
import { type TeamRow, teams } from "../../../domain/projections/teams.ts";
import { activated, failed, operation, probed } from "../namespace/examples.ts";

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
    expect(teams).toMatchObject({ name: "teams", version: 2, streams: ["team-"] });
    expect(teams.key(recorded("team-payments-team", defined))).toBe("payments-team");
  });
  it("begin with nothing taken", () =>
    expect(teamAfter(defined)).toEqual({
      team: "t",
      quota,
      reserved: nothing,
      remaining: quota,
      over_quota: [],
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
      over_quota: ["write_rps"],
    });
  });
});

const deed = (stream: string, event: Fact): AuditRow | undefined =>
  audit.apply(undefined, recorded(stream, event));

describe("the audit log", () => {
  it("is told by calls, and by what became of namespaces", () =>
    expect(audit.streams).toEqual(["namespace-", "audit"]));

  const call = {
    ...{ method: "POST", route: "/namespaces", namespace: "orders", team: "payments-team" },
    ...{ operation: null, from: "127.0.0.1" },
  };
  const answered = (data: object): Fact => ({
    type: "CallAnswered",
    data: { ...call, received: null, status: 200, code: null, times: 1, ...data },
  });

  it("says who asked for what, for whom, and when, before it is answered", () =>
    expect(deed("audit", { type: "CallReceived", data: call })).toEqual({
      position: "7",
      at: "2026-01-02T03:04:05.006Z",
      actor: "user:alice",
      action: "create namespace",
      outcome: "begun",
      kind: "change",
      namespace: "orders",
      team: "payments-team",
      operation: null,
      call: { method: "POST", route: "/namespaces", from: "127.0.0.1", status: null, code: null, times: 1 },
      hash: "h",
    }));

  it("is one row for a call and its answer", () => {
    const began = deed("audit", { type: "CallReceived", data: call });
    const answer = recorded("audit", answered({ received: "3", status: 202, operation }));
    expect(audit.key(answer as never)).toBe("0000000000000000003");
    expect(audit.apply(began, answer as never)).toMatchObject({
      ...{ position: "7", outcome: "accepted", operation, call: { status: 202 } },
    });
  });

  it.each([
    ["a refusal", { status: 403, code: "FORBIDDEN" }, "create namespace", "refused", "change"],
    ["nobody", { status: 401, code: "UNAUTHENTICATED" }, "create namespace", "refused", "change"],
    ["our failure", { status: 503, code: "BACKEND_UNAVAILABLE" }, "create namespace", "failed", "change"],
    ["a failure that was waited for", { status: 403, operation }, "create namespace", "accepted", "change"],
    ["a create that was waited for", { status: 201, operation }, "create namespace", "succeeded", "change"],
    ["a look", { method: "GET", route: "/namespaces/:ns" }, "read namespace", "succeeded", "read"],
    ["a preview", { route: "/plans" }, "preview plan", "succeeded", "read"],
    [
      "a wrong cancel",
      { route: "/operations/:id/cancel", operation, status: 409 },
      "cancel operation",
      "refused",
      "change",
    ],
    ["no such path", { route: null, status: 404 }, "POST (no such path)", "refused", "read"],
    ["a path without words", { route: "/new/:thing" }, "POST /new/:thing", "succeeded", "change"],
  ] as const)("%s", (_, data, action, outcome, kind) =>
    expect(deed("audit", answered(data))).toMatchObject({ action, outcome, kind }),
  );

  it.each([
    [activated, "create namespace", "succeeded"],
    [failed(), "create namespace", "failed"],
    [{ type: "NamespaceRejected", data: {} }, "create namespace", "failed"],
    [{ type: "UpdateApplied", data: {} }, "update namespace", "succeeded"],
    [{ type: "UpdateFailed", data: {} }, "update namespace", "failed"],
    [{ type: "NamespaceDeleted", data: {} }, "delete namespace", "succeeded"],
    [{ type: "DeletionFailed", data: {} }, "delete namespace", "failed"],
    [{ type: "ApprovalGranted", data: {} }, "approve plan", "succeeded"],
    [{ type: "ApprovalRejected", data: {} }, "reject plan", "succeeded"],
    [{ type: "OperationRetried", data: {} }, "retry operation", "succeeded"],
    [{ type: "OperationAbandoned", data: {} }, "abandon operation", "succeeded"],
    [{ type: "OperationCancelled", data: {} }, "cancel operation", "succeeded"],
  ] as const)("%j", (event, action, outcome) => {
    expect(deed("namespace-orders", event)).toMatchObject({
      action,
      outcome,
      kind: "event",
      namespace: "orders",
    });
    expect(audit.key(recorded("namespace-orders", event))).toBe("0000000000000000007");
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
