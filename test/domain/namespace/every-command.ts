import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import * as a from "./examples.ts";
import * as l from "./lives.ts";

const { operation } = a;
const everyone = { directoryVersion: "20", proxies: ["proxy-1"] };

type EveryType = { readonly [Type in NamespaceCommand["type"]]: NamespaceCommand };

/** One of every type, as the create's; the compiler asks for that of a new one. */
const everyType: EveryType = {
  RequestNamespace: a.requestIt,
  RequestUpdate: { type: "RequestUpdate", operation, request: l.largerRequest, workflow: a.workflow },
  RequestDeletion: { type: "RequestDeletion", operation, workflow: a.workflow, confirm: "orders" },
  DetectDrift: { type: "DetectDrift", operation, findings: [l.finding], repair: a.workflow },
  RequestRewind: { type: "RequestRewind", operation, workflow: a.workflow },
  DegradeNamespace: { type: "DegradeNamespace", operation, because: "a broker is away" },
  RecoverNamespace: { type: "RecoverNamespace", operation },
  QuarantineOrphan: { type: "QuarantineOrphan", operation, resource: l.orphan, because: "no plan has it" },
  GrantApproval: {
    type: "GrantApproval",
    operation,
    by: l.root,
    planHash: "abc",
    today: "abc",
    at: "2026-01-02T00:00:00.000Z",
  },
  RejectApproval: { type: "RejectApproval", operation, by: l.root, planHash: "abc", reason: "too much" },
  RetryOperation: { type: "RetryOperation", operation, by: l.alice },
  AbandonOperation: { type: "AbandonOperation", operation, by: l.alice },
  CancelOperation: { type: "CancelOperation", operation, by: l.alice },
  SelectPlan: a.selectIt,
  AssignShard: { type: "AssignShard", operation, shard: "shard-1" },
  ConfigurePatterns: { type: "ConfigurePatterns", operation, patterns: [] },
  ConfigureAccess: { type: "ConfigureAccess", operation, access: a.request.access },
  RegisterProxies: { type: "RegisterProxies", operation, ...everyone },
  ConfirmProbe: { type: "ConfirmProbe", operation, proxy: "proxy-1", messageId: "m", tookMs: 1 },
  ActivateNamespace: a.activateIt,
  HoldRelay: { type: "HoldRelay", operation, topic: "orders-queue", position: "17" },
  ConfirmGroups: { type: "ConfirmGroups", operation, topic: "orders-queue", groups: [] },
  GrowPartitions: {
    type: "GrowPartitions",
    operation,
    growth: l.growth,
  },
  ApplyUpdate: { type: "ApplyUpdate", operation },
  StopTraffic: { type: "StopTraffic", operation, ...everyone },
  CompleteDrain: { type: "CompleteDrain", operation, drained: 1, aborted: 0 },
  StopProviders: { type: "StopProviders", operation, ...everyone },
  ArchiveAudit: {
    type: "ArchiveAudit",
    operation,
    bucket: "prism-archive",
    key: "orders/1.json.gz",
    digest: "d1",
    revision: "15",
  },
  UnregisterProxies: { type: "UnregisterProxies", operation },
  CompleteDeletion: { type: "CompleteDeletion", operation, ...everyone },
  CompleteRepair: { type: "CompleteRepair", operation, resources: [] },
  CompleteRewind: { type: "CompleteRewind", operation, messages: 7, from: "12" },
  RequestApproval: { type: "RequestApproval", operation, requestedBy: l.alice, expiresAt: l.due },
  RenewPlan: { type: "RenewPlan", operation, selection: l.otherSelection, expiresAt: l.due },
  ExpireApproval: { type: "ExpireApproval", operation, at: l.due },
  IntendResource: a.intend(a.topic),
  ConfirmResource: a.confirm(a.topic),
  IntendRemoval: { type: "IntendRemoval", operation, resource: a.topic },
  ConfirmRemoval: { type: "ConfirmRemoval", operation, resource: a.topic, removed: true },
  ReportBlockedCleanup: { type: "ReportBlockedCleanup", operation, resources: ["quota"] },
  CompleteCleanup: { type: "CompleteCleanup", operation },
  ReportStepFailure: {
    type: "ReportStepFailure",
    operation,
    step: "probe",
    attempt: 1,
    error: a.outage,
    willRetry: true,
  },
  ParkOperation: { type: "ParkOperation", operation, step: "probe", error: a.outage },
  FailNamespace: a.failIt,
  FailUpdate: { type: "FailUpdate", operation, error: a.outage, blocked: [] },
  FailDeletion: { type: "FailDeletion", operation, error: a.outage, blocked: [] },
  FailRepair: { type: "FailRepair", operation, error: a.outage },
  FailRewind: { type: "FailRewind", operation, error: a.outage },
};

/** All of them, and variants that lead elsewhere. */
export const everyCommand: readonly NamespaceCommand[] = [
  ...Object.values(everyType),
  { ...a.selectIt, selection: l.askingSelection } as NamespaceCommand,
  { ...a.selectIt, selection: l.largerSelection } as NamespaceCommand,
  { type: "RequestUpdate", operation, request: l.readersRequest, workflow: a.workflow },
  { type: "DetectDrift", operation, findings: [], repair: null },
  a.intend(a.table),
  a.confirm(a.table),
  a.intend(l.largerTopic),
  a.confirm(l.largerTopic),
  a.confirm(a.topic, "id-2"),
  { type: "ConfirmRemoval", operation, resource: a.table, removed: false },
];
