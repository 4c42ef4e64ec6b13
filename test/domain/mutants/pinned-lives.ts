import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import type { Resource } from "../../../domain/plan.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";

const ensureTopic = "ensure kafka topic orders-queue";
const begun: readonly NamespaceEvent[] = [a.requested, a.planned, a.placed, a.intended(a.topic)];
const changed = l.updateRequested(l.largerRequest, "needs.write_rps");

const widerTable: Resource = { ...a.table, config: { columns: 2 } };
const largerAndWider: NamespaceEvent = {
  ...l.largerPlanned,
  data: {
    ...l.largerPlanned.data,
    plan: { ...l.largerPlanned.data.plan, resources: [l.largerTopic, widerTable] },
  },
};
/** Namespaces' lives, event by event, with what goes wrong in them. */
export const lives: Readonly<Record<string, readonly NamespaceEvent[]>> = {
  "a create, and it is degraded for a while": [...l.active, l.degraded, l.recovered, l.quarantined],
  "it keeps nearly all that it reserves for a while": [...l.active, l.dataAlarmRaised, l.dataAlarmCleared],
  "a step fails until it succeeds": [
    ...begun,
    l.stepFailed(ensureTopic),
    l.stepFailed(ensureTopic),
    a.provisioned(a.topic),
  ],
  "a create fails and leaves nothing": [
    ...begun,
    l.stepFailed(ensureTopic, false),
    l.removalIntended(a.topic),
    a.removed(a.topic),
    a.failed(),
  ],
  "a create fails, leaves something, and that is cleaned up": [
    ...begun,
    a.provisioned(a.topic),
    a.intended(a.table),
    l.stepFailed("ensure postgres wal-table wal_orders", false),
    a.blocked,
    a.failed(true),
    l.cleaned,
  ],
  "a create is parked, retried, parked and abandoned": [
    ...a.ready.slice(0, -1),
    l.stepFailed("probe"),
    l.parked,
    l.retried,
    l.stepFailed("probe"),
    l.parked,
    l.abandoned,
    a.removed(a.topic),
    a.failed(),
  ],
  "a create fails at its last step": [...a.ready, l.stepFailed("activate"), l.stepFailed("activate", false)],
  "a create is cancelled while it waits for approval": [...l.waiting, l.cancelled, a.failed()],
  "a create is cancelled": [...begun, l.cancelled, a.removed(a.topic), a.failed()],
  "a create is cancelled, and an undo gives up": [
    ...begun,
    a.provisioned(a.topic),
    l.cancelled,
    l.stepFailed("remove kafka topic orders-queue"),
    l.stepFailed("remove kafka topic orders-queue", false),
    a.blocked,
    a.failed(true),
  ],
  "a create waits for approval and gets it": [...l.waiting, l.granted, a.placed, a.intended(a.topic)],
  "a create waits for approval, of another plan in the end": [
    ...l.waiting,
    { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, hash: "def" } },
    l.approvalRequested("def"),
  ],
  "a create is rejected": [...l.waiting, l.rejected, l.namespaceRejected],
  "nobody approves a create in time": [...l.waiting, l.expired, l.namespaceRejected],
  "an update grows it": [...l.grown, a.configured, l.applied, a.registered],
  "an update of its readers": [...l.openingUp, l.applied, a.registered],
  "an update protects it": [
    ...l.active,
    l.updateRequested(l.protectedRequest, "policies.deletion_protection"),
    a.planned,
    l.applied,
    a.registered,
  ],
  "an update that waits for approval": [
    ...l.growing,
    l.largerPlanned,
    l.approvalRequested("larger"),
    l.granted,
  ],
  "an update of two resources, approved": [
    ...l.growing,
    largerAndWider,
    l.approvalRequested("larger"),
    l.granted,
    a.intended(l.largerTopic),
    l.stepFailed("probe"),
    a.provisioned(l.largerTopic),
    a.intended(widerTable),
    l.stepFailed("ensure postgres wal-table wal_orders"),
    a.provisioned(widerTable),
    l.applied,
    a.registered,
  ],
  "an update fails": [
    ...l.growing,
    l.largerPlanned,
    a.intended(l.largerTopic),
    l.stepFailed(ensureTopic, false),
    l.updateFailed(),
  ],
  "an update fails, and not all is as before": [
    ...l.growing,
    l.largerPlanned,
    a.intended(l.largerTopic),
    a.provisioned(l.largerTopic),
    l.updateFailed("kafka topic orders-queue"),
  ],
  "an update is parked and cancelled": [
    ...l.active,
    changed,
    l.largerPlanned,
    l.parked,
    l.cancelled,
    l.updateFailed(),
  ],
  "a delete, and a new life under the name": [...l.gone, ...l.active],
  "a delete fails": [
    ...l.active,
    l.deletionRequested,
    l.stopped,
    l.stepFailed("drain", false),
    l.deletionFailed,
  ],
  "a delete stumbles at its last step": [...l.gone.slice(0, -1), l.stepFailed("delete"), l.deleted],
  "a delete leaves something": [...l.emptied, l.removalIntended(a.topic), a.blocked, l.cleaned],
  "drift is repaired": [
    ...l.active,
    l.driftDetected(),
    a.intended(a.topic),
    a.provisioned(a.topic, "id-2"),
    l.driftRepaired,
  ],
  "a repair fails": [...l.active, l.driftDetected(), l.stepFailed(ensureTopic, false), l.repairFailed],
  "drift that nobody may repair": [...l.active, l.driftDetected([{ ...l.finding, class: "foreign" }], false)],
  "a relay is rewound": [...l.active, l.rewindRequested, l.stepFailed("rewind"), l.rewound],
  "it is moved to another shard": [
    ...l.active,
    ...l.moveable,
    l.moved,
    l.sourceClosed,
    l.sourceDrained,
    l.moveCompleted,
  ],
  "a move fails": [...l.active, ...l.moveable, l.stepFailed("move", false), l.targetClosed, l.moveFailed()],
  "a move fails, and a proxy may still serve there": [
    ...l.active,
    l.moveRequested,
    l.targetOpened,
    l.targetClosed,
    l.moveFailed(true),
  ],
  "a rewind fails": [...l.active, l.rewindRequested, l.stepFailed("rewind", false), l.rewindFailed],
};

/** How many events a life has in common with one that stands before it: they need not be told again. */
export function sharedBeginning(title: string): number {
  const titles = Object.keys(lives);
  const earlier = titles.slice(0, titles.indexOf(title)).map((other) => lives[other] ?? []);
  const isNews = (other: readonly NamespaceEvent[]) => (event: NamespaceEvent, index: number) =>
    JSON.stringify(event) !== JSON.stringify(other[index]);
  return Math.max(0, ...earlier.map((other) => lives[title]?.findIndex(isNews(other)) ?? 0));
}
