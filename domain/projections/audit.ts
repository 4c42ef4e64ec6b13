import { actionOf } from "../calls/action.ts";
import {
  auditStream,
  type CallAnswered,
  type CallEvent,
  type CallReceived,
  mayChange,
} from "../calls/events.ts";
import type { RecordedEvent } from "../event.ts";
import type { NamespaceEvent } from "../namespace/events.ts";
import { streamOf as namespaceStream } from "../namespace/namespace.ts";
import { auditedDeeds, type Deed } from "./audited-deeds.ts";
import type { Projection } from "./projection.ts";

/**
 * Who did what, when, with what outcome: one row for each call of the control plane, and one for what came of it
 * later. `begun`: the process ended before it answered.
 */
export type AuditRow = {
  readonly position: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly outcome: "begun" | "accepted" | "succeeded" | "refused" | "failed";
  readonly kind: "change" | "read" | "event";
  readonly namespace: string | null;
  readonly team: string | null;
  readonly operation: string | null;
  /** Of a call: how it was answered, and how often alike within a moment. */
  readonly call: CallRow | null;
  /** The event's hash: it ties the row to the chain of its stream. */
  readonly hash: string;
};

type CallRow = {
  readonly method: string;
  readonly route: string | null;
  readonly from: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly times: number;
};

// So many digits that keys sort as positions do.
const digits = 19;

/** The key of a position: what `after` of a list compares with. */
export const auditKey = (position: bigint): string => String(position).padStart(digits, "0");

export const audit: Projection<NamespaceEvent | CallEvent, AuditRow> = {
  name: "audit",
  version: 2,
  streams: [namespaceStream(""), auditStream],
  key(event) {
    if (event.type === "CallAnswered" && event.data.received !== null) {
      return auditKey(BigInt(event.data.received));
    }
    const tells =
      event.type === "CallReceived" || event.type === "CallAnswered" || event.type in auditedDeeds;
    return tells ? auditKey(event.position) : undefined;
  },
  apply(row, event) {
    if (event.type === "CallReceived") return received(event as RecordedEvent<CallReceived>);
    if (event.type === "CallAnswered") return answered(row, event as RecordedEvent<CallAnswered>);
    const deed = auditedDeeds[event.type];
    return deed === undefined ? row : deedRow(event as RecordedEvent<NamespaceEvent>, deed);
  },
};

const placeOf = ({ position, recordedAt, metadata, hash }: RecordedEvent) => ({
  position: String(position),
  at: recordedAt.toISOString(),
  actor: metadata.actor,
  hash,
});

function received(event: RecordedEvent<CallReceived>): AuditRow {
  const { method, route, from, namespace, team, operation } = event.data;
  const call = { method, route, from, status: null, code: null, times: 1 };
  const said = { action: actionOf(event.data), outcome: "begun", kind: "change" } as const;
  return { ...placeOf(event), ...said, namespace, team, operation, call };
}

function answered(row: AuditRow | undefined, event: RecordedEvent<CallAnswered>): AuditRow {
  const { method, route, from, status, code, times, namespace, team, operation } = event.data;
  return {
    // When it came, and with the hash of that, is what counts.
    ...(row ?? placeOf(event)),
    action: actionOf(event.data),
    outcome: outcomeOf(event.data),
    kind: mayChange(event.data) ? "change" : "read",
    namespace,
    team,
    operation,
    call: { method, route, from, status, code, times },
  };
}

/** Who waited for their create or change and was told that it failed had been accepted all the same. */
function outcomeOf({ method, route, status, operation }: CallAnswered["data"]): AuditRow["outcome"] {
  const began =
    operation !== null && route?.startsWith("/namespaces") === true && mayChange({ method, route });
  if (status === 202 || (began && status >= 400)) return "accepted";
  if (status >= 500) return "failed";
  return status >= 400 ? "refused" : "succeeded";
}

function deedRow(event: RecordedEvent<NamespaceEvent>, deed: Deed): AuditRow {
  const namespace = event.stream.slice(namespaceStream("").length);
  const { operation } = event.metadata;
  return { ...placeOf(event), ...deed, kind: "event", namespace, team: null, operation, call: null };
}
