import { describe, expect, it } from "vitest";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import { schemaVersions } from "../../../domain/namespace/schema-versions.ts";
import { everyType } from "./every-type.ts";

/** Of `api.md` §4: what others know the events by. */
const promised = `NamespaceRequested, PlanSelected, ApprovalRequested, ApprovalGranted, ApprovalRejected,
  ApprovalExpired, ShardAssigned, ResourceIntended, ResourceProvisioned, StepFailed, PatternsConfigured,
  AccessConfigured, ProxiesRegistered, ProbeSucceeded, NamespaceActivated, OperationParked, OperationRetried,
  OperationAbandoned, OperationCancelled, ResourceRemovalIntended, ResourceRemoved, CleanupBlocked,
  CleanupCompleted, NamespaceRejected, NamespaceFailed, UpdateRequested, UpdateApplied, UpdateFailed,
  NamespaceDegraded, NamespaceRecovered, DeletionRequested, TrafficStopped, DrainCompleted, ProvidersStopped,
  AuditArchived, ProxiesUnregistered, NamespaceDeleted, DriftDetected, DriftRepaired, OrphanQuarantined`.split(
  /,\s+/,
);
/** Added since, and for what else can fail. */
const added =
  `DeletionFailed, RepairFailed, RewindRequested, RelayRewound, RewindFailed, RelayHeld, GroupsDrained,
  PartitionsGrown, MoveRequested, TargetOpened, NamespaceMoved, SourceClosed, SourceDrained, MoveCompleted,
  TargetClosed, MoveFailed, DataAlarmRaised, DataAlarmCleared`.split(/,\s+/);
const types = Object.keys(schemaVersions) as (keyof typeof schemaVersions)[];

describe("the events of a namespace", () => {
  it("are those that were promised, and those that were added", () =>
    expect(new Set(types)).toEqual(new Set([...promised, ...added])));

  it.each(types)("%s has an example", (type) => expect(everyType[type]?.type).toBe(type));

  it.each(types)("%s is plain JSON, named as the API names things", (type) => {
    const { data } = everyType[type];
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    expect(Object.keys(data).filter((name) => !/^[a-z]+(_[a-z]+)*$/.test(name))).toEqual([]);
  });

  it.each(types)("%s folds wherever it comes: what happened, happened", (type) => {
    expect(() => evolve(absent, everyType[type])).not.toThrow();
    expect(() => [everyType.NamespaceRequested, everyType[type]].reduce(evolve, absent)).not.toThrow();
  });
});
