import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import type { NamespaceRequest } from "../../../domain/request/request.ts";
import { everyCommand } from "../namespace/every-command.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";

const { operation } = a;
const when = "2026-01-02T00:00:00.000Z";

const update = (request: NamespaceRequest, ifVersion?: number): NamespaceCommand => ({
  type: "RequestUpdate",
  operation,
  request,
  workflow: a.workflow,
  ...(ifVersion !== undefined && { ifVersion }),
});
const remove = (confirm: string | undefined): NamespaceCommand => ({
  type: "RequestDeletion",
  operation,
  workflow: a.workflow,
  confirm,
});
const grant = (by: string, planHash: string, today: string, at = when): NamespaceCommand => ({
  type: "GrantApproval",
  operation,
  by,
  planHash,
  today,
  at,
});
const elsewhere = {
  ...a.selection,
  plan: {
    ...a.selection.plan,
    patterns: [],
    backend: { type: "nats", config: {} },
    resources: [{ ...a.topic, config: { partitions: 0, replication: 3 } }],
  },
  hash: "elsewhere",
} as const;

const gaveUp = { code: "INTERNAL", message: "the worker gave up", details: {} } as const;

/** What is asked rightly at some moment, and what is never right. */
export const questions: readonly NamespaceCommand[] = [
  ...everyCommand,
  update(a.request),
  update(l.largerRequest, 1),
  update(l.largerRequest, 7),
  update({ ...a.request, namespace: "books", team: "other-team", client_api: "pubsub" }),
  update(l.protectedRequest),
  remove(undefined),
  remove("books"),
  grant(l.alice, "abc", "abc"),
  grant(l.root, "def", "abc"),
  grant(l.root, "abc", "def"),
  grant(l.root, "abc", "abc", l.due),
  { ...grant(l.root, "larger", "larger"), comment: "as agreed" } as NamespaceCommand,
  { type: "RejectApproval", operation, by: l.root, planHash: "def", reason: "too much" },
  { type: "RejectApproval", operation, by: l.root, planHash: "larger", reason: "too much" },
  { type: "ExpireApproval", operation, at: when },
  { type: "RenewPlan", operation, selection: a.selection, expiresAt: l.due },
  {
    type: "RenewPlan",
    operation,
    selection: { ...l.askingSelection, approval: [], hash: "cheap" },
    expiresAt: l.due,
  },
  { type: "SelectPlan", operation, selection: elsewhere },
  { type: "RegisterProxies", operation, directoryVersion: "20", proxies: [] },
  {
    type: "RegisterProxies",
    operation,
    directoryVersion: "20",
    proxies: ["proxy-1"],
    endpoints: [{ address: "proxy-1:7000", region: "north" }],
  },
  { type: "QuarantineOrphan", operation, resource: a.topic, because: "no plan has it" },
  { type: "DegradeNamespace", operation, because: "two brokers are away" },
  { type: "DetectDrift", operation, findings: [l.finding], repair: null },
  { type: "IntendRemoval", operation, resource: a.table },
  { type: "IntendResource", operation, resource: { ...a.topic, name: "another" }, sawAbsent: false },
  { type: "ReportBlockedCleanup", operation, resources: ["kafka topic orders-queue", "quota"] },
  { type: "FailNamespace", operation, error: gaveUp, blocked: ["quota"] },
  { type: "FailUpdate", operation, error: gaveUp, blocked: ["quota"] },
  { type: "FailDeletion", operation, error: gaveUp, blocked: ["log"] },
  { type: "FailRepair", operation, error: gaveUp },
  { type: "RenewPlan", operation, selection: elsewhere, expiresAt: l.due },
];
