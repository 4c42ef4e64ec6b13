import type { NamespaceEvent } from "../namespace/events.ts";

export type Deed = { readonly action: string; readonly outcome: "succeeded" | "failed" };

/**
 * What came of calls later, and what people said past the API, to Temporal. That something was asked for is
 * told by the call itself; what Prism does in between is in the history.
 */
export const auditedDeeds: Readonly<Record<string, Deed | undefined>> = {
  NamespaceActivated: { action: "create namespace", outcome: "succeeded" },
  NamespaceFailed: { action: "create namespace", outcome: "failed" },
  NamespaceRejected: { action: "create namespace", outcome: "failed" },
  UpdateApplied: { action: "update namespace", outcome: "succeeded" },
  UpdateFailed: { action: "update namespace", outcome: "failed" },
  NamespaceDeleted: { action: "delete namespace", outcome: "succeeded" },
  DeletionFailed: { action: "delete namespace", outcome: "failed" },
  RelayRewound: { action: "rewind relay", outcome: "succeeded" },
  RewindFailed: { action: "rewind relay", outcome: "failed" },
  MoveCompleted: { action: "move namespace", outcome: "succeeded" },
  MoveFailed: { action: "move namespace", outcome: "failed" },
  ApprovalGranted: { action: "approve plan", outcome: "succeeded" },
  ApprovalRejected: { action: "reject plan", outcome: "succeeded" },
  OperationRetried: { action: "retry operation", outcome: "succeeded" },
  OperationAbandoned: { action: "abandon operation", outcome: "succeeded" },
  OperationCancelled: { action: "cancel operation", outcome: "succeeded" },
} satisfies Partial<Record<NamespaceEvent["type"], Deed>>;
