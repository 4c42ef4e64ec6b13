import type { RecordedEvent } from "../event.ts";
import type { NamespaceEvent } from "../namespace/events.ts";
import { streamOf as namespaceStream } from "../namespace/namespace.ts";
import type { TeamEvent } from "../team/events.ts";
import { streamOf as teamStream } from "../team/team.ts";
import type { Projection } from "./projection.ts";

/** Who did what, when, with what outcome: one row for each deed, and one for how it ended. */
export type AuditRow = {
  readonly position: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly outcome: "accepted" | "succeeded" | "failed";
  readonly namespace: string | null;
  readonly team: string | null;
  readonly operation: string | null;
  /** The event's hash: it ties the row to the chain of its stream. */
  readonly hash: string;
};

type Type = (NamespaceEvent | TeamEvent)["type"];
type Deed = Pick<AuditRow, "action" | "outcome">;

/** What the log tells of people; what Prism does in between is in the history. */
const deeds: Partial<Record<Type, Deed>> = {
  NamespaceRequested: { action: "create namespace", outcome: "accepted" },
  NamespaceActivated: { action: "create namespace", outcome: "succeeded" },
  NamespaceFailed: { action: "create namespace", outcome: "failed" },
  NamespaceRejected: { action: "create namespace", outcome: "failed" },
  UpdateRequested: { action: "update namespace", outcome: "accepted" },
  UpdateApplied: { action: "update namespace", outcome: "succeeded" },
  UpdateFailed: { action: "update namespace", outcome: "failed" },
  DeletionRequested: { action: "delete namespace", outcome: "accepted" },
  NamespaceDeleted: { action: "delete namespace", outcome: "succeeded" },
  DeletionFailed: { action: "delete namespace", outcome: "failed" },
  ApprovalGranted: { action: "approve plan", outcome: "succeeded" },
  ApprovalRejected: { action: "reject plan", outcome: "succeeded" },
  OperationRetried: { action: "retry operation", outcome: "succeeded" },
  OperationAbandoned: { action: "abandon operation", outcome: "succeeded" },
  OperationCancelled: { action: "cancel operation", outcome: "succeeded" },
  TeamDefined: { action: "define team", outcome: "succeeded" },
  QuotaChanged: { action: "change quota", outcome: "succeeded" },
};

// So many digits that keys sort as positions do.
const digits = 19;

/** The key of a position: what `after` of a list compares with. */
export const auditKey = (position: bigint): string => String(position).padStart(digits, "0");

export const audit: Projection<NamespaceEvent | TeamEvent, AuditRow> = {
  name: "audit",
  version: 1,
  streams: [namespaceStream(""), teamStream("")],
  key: (event) => (deeds[event.type] === undefined ? undefined : auditKey(event.position)),
  apply: (_, event) => {
    const deed = deeds[event.type];
    return deed === undefined ? undefined : rowOf(event, deed);
  },
};

function rowOf(event: RecordedEvent<NamespaceEvent | TeamEvent>, deed: Deed): AuditRow {
  const { stream, position, recordedAt, metadata, hash } = event;
  const after = (prefix: string) => (stream.startsWith(prefix) ? stream.slice(prefix.length) : null);
  return {
    position: String(position),
    at: recordedAt.toISOString(),
    actor: metadata.actor,
    ...deed,
    namespace: after(namespaceStream("")),
    team: after(teamStream("")) ?? (event.type === "NamespaceRequested" ? event.data.request.team : null),
    operation: metadata.operation,
    hash,
  };
}
