import type { TeamCommands } from "../control/team-commands.ts";
import { canonicalJson } from "../domain/json.ts";
import type { Finding } from "../domain/namespace/drift-events.ts";
import type { Namespace } from "../domain/namespace/namespace.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import { findingsAfter, isWorthRepairing, type Looked, repairable } from "../domain/reconcile/drift.ts";
import type { FleetFinding } from "../domain/reconcile/finding.ts";
import type { Fleet } from "../domain/reconcile/fleet.ts";
import { leaks, returning } from "../domain/reconcile/leaked.ts";
import { cleanupJob, type Job, repairJob, resumeJob } from "./jobs.ts";
import type { Occasion } from "./occasion.ts";
import type { Recorder } from "./recorder.ts";

type Dependencies = { readonly recorder: Recorder; readonly teams: TeamCommands };

type Swept = {
  readonly fleet: Fleet;
  readonly findings: readonly FleetFinding[];
  readonly looked: readonly Looked[];
  readonly by: Occasion;
  /** Somebody asked for it: also what failed before is tried again. */
  readonly wanted: boolean;
};

/**
 * Does what needs no lock on a namespace: records, and gives back quota, which is decided on the team's own
 * stream. Answers what has to be done under a namespace's lock.
 */
export async function remedies(deps: Dependencies, swept: Swept): Promise<readonly Job[]> {
  await quarantine(deps, swept);
  await giveBack(deps, swept);
  const repairs = await drifts(deps, swept);
  return [...repairs, ...cleanups(swept), ...(await resumes(deps, swept))];
}

async function quarantine({ recorder }: Dependencies, { findings, fleet, by }: Swept): Promise<void> {
  for (const { remedy, namespace, backend, kind, name, because } of findings) {
    if (remedy !== "quarantine" || namespace === null || backend === null) continue;
    const resource = { backend, kind: kind ?? "", name: name ?? "" };
    if (fleet.namespaces.get(namespace)?.quarantined.has(resourceKey(resource))) continue;
    const command = { type: "QuarantineOrphan", operation: by.operation, resource, because } as const;
    await recorder.record({ ...by, namespace }, `quarantine ${resourceKey(resource)}`, command);
  }
}

async function giveBack({ teams }: Dependencies, { fleet, findings, by }: Swept): Promise<void> {
  const known = new Set(findings.flatMap((one) => (one.remedy === "return" ? [one.namespace] : [])));
  for (const { team, holding } of leaks(fleet)) {
    const command = returning(holding, fleet.namespaces.get(holding.namespace));
    if (command === undefined || !known.has(holding.namespace)) continue;
    await teams.decide({ team, command, operation: by.operation, actor: by.actor });
  }
}

/** Repairs record what they repair; what none is begun for is recorded here. */
async function drifts({ recorder }: Dependencies, swept: Swept): Promise<readonly Job[]> {
  const { fleet, by } = swept;
  const jobs: Job[] = [];
  for (const [namespace, looked] of grouped(swept.looked)) {
    const state = fleet.namespaces.get(namespace);
    if (state === undefined) continue;
    const findings = findingsAfter(state, looked);
    if (repairable(state, findings).length === 0) await note(recorder, { ...by, namespace }, state, findings);
    else if (isWorthRepairing(state, findings, swept.wanted)) jobs.push(repairJob(namespace, state, by));
  }
  return jobs;
}

/** What no repair changes: that something foreign stands in a resource's place, or that all is well again. */
export async function note(
  recorder: Recorder,
  on: Occasion,
  state: Namespace,
  findings: readonly Finding[],
): Promise<void> {
  const { operation } = on;
  if (canonicalJson(findings) !== canonicalJson(state.drift)) {
    await recorder.record(on, "drift", { type: "DetectDrift", operation, findings, repair: null });
  }
  const [first] = findings;
  if (first !== undefined) {
    const because = `${first.resource ?? "it"} is ${first.class}: ${first.because}`;
    await recorder.record(on, "degrade", { type: "DegradeNamespace", operation, because });
  } else if (state.status === "degraded") {
    await recorder.record(on, "recover", { type: "RecoverNamespace", operation });
  }
}

const cleanups = ({ findings, fleet }: Swept): readonly Job[] =>
  names(findings, "cleanup").flatMap((namespace) => {
    const state = fleet.namespaces.get(namespace);
    return state === undefined ? [] : [cleanupJob(namespace, state)];
  });

async function resumes({ recorder }: Dependencies, { findings }: Swept): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const namespace of names(findings, "resume")) {
    const job = resumeJob(namespace, await recorder.read(namespace));
    if (job !== undefined) jobs.push(job);
  }
  return jobs;
}

const names = (findings: readonly FleetFinding[], remedy: FleetFinding["remedy"]): readonly string[] => [
  ...new Set(findings.flatMap((one) => (one.remedy === remedy && one.namespace ? [one.namespace] : []))),
];

function grouped(looked: readonly Looked[]): ReadonlyMap<string, readonly Looked[]> {
  const groups = new Map<string, Looked[]>();
  for (const one of looked) groups.set(one.namespace, [...(groups.get(one.namespace) ?? []), one]);
  return groups;
}
