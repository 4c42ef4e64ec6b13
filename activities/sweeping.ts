import type { Sweeps } from "../control/sweeps.ts";
import type { TeamCommands } from "../control/team-commands.ts";
import type { Failure, Workflow } from "../domain/namespace/event-data.ts";
import { openOperation } from "../domain/namespace/namespace.ts";
import { outcomeOf } from "../domain/namespace/outcome.ts";
import { classify } from "../domain/reconcile/classify.ts";
import type { Asked, FleetFinding } from "../domain/reconcile/finding.ts";
import { type Fleet, promised } from "../domain/reconcile/fleet.ts";
import type { Listing } from "../domain/reconcile/thing.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Attempt } from "./attempt.ts";
import type { Failpoint } from "./failpoint.ts";
import { fleetReader } from "./fleet.ts";
import type { Job } from "./jobs.ts";
import { removeLonely } from "./lonely-logins.ts";
import { type LookedAt, listAll, lookAt } from "./looking.ts";
import { type MeasuringDependencies, measureAll } from "./measuring.ts";
import type { Recorder } from "./recorder.ts";
import { remedies } from "./remedies.ts";

export type SweepingDependencies = MeasuringDependencies & {
  readonly attempt: Attempt;
  readonly store: EventStore;
  readonly teams: TeamCommands;
  readonly sweeps: Sweeps;
  /** Whether a workflow runs under the namespace's id. */
  readonly isAtWork: (namespace: string) => Promise<boolean>;
  readonly failpoint: Failpoint;
};

export type Sweeping = { readonly asked: readonly Asked[]; readonly workflow: Workflow };

/** Of all namespaces: what failpoints and logs call it. */
const everywhere = "*";
/** Workflows that one sweep starts; what is beyond is found again by the next. */
const mostJobs = 500;

/** A look at everything: what there is, what there should be, and what follows. */
export const sweepingActivities = (deps: SweepingDependencies) => {
  const { attempt, recorder, store, backends, sweeps, isAtWork, failpoint } = deps;
  const readFleet = fleetReader(store);

  const inTheNameOf = ([first]: readonly Asked[]) => ({
    namespace: everywhere,
    operation: first?.operation ?? "",
    actor: first?.by ?? "prism",
  });

  return {
    /** Looks, records what it found, and answers what is to be started. Repeating it is looking again. */
    sweep: ({ asked, workflow }: Sweeping): Promise<readonly Job[]> =>
      attempt.answering(inTheNameOf(asked), "sweep", async (signal) => {
        await sweeps.begin(asked, workflow);
        // The backends first: what the fleet does not know afterwards, nobody has just made.
        const listings = await listAll(backends, signal);
        failpoint("sweep", "intended", everywhere);
        const fleet = await readFleet();
        const seen = await lookAt(backends, aboutAll(fleet), signal);
        const running = await atWork(fleet, isAtWork);
        const now = await readFleet();
        const { unseen, counted } = onlySeen(listings, seen);
        // What was changed while we looked is for the next sweep to judge.
        const isAsItWas = ({ namespace }: { readonly namespace: string | null }) =>
          namespace === null || now.namespaces.get(namespace) === fleet.namespaces.get(namespace);
        const looked = counted.looked.filter(isAsItWas);
        const findings = classify({ listings: counted.listings, fleet, looked, running }).filter(
          (one) => isAsItWas(one) && (one.backend === null || !unseen.has(one.backend)),
        );
        const by = inTheNameOf(asked);
        const wanted = asked.some((one) => one.by !== "prism");
        const jobs = await remedies(deps, { fleet: now, findings, looked, by, wanted });
        const settled = await removeLonely(backends, findings, counted.listings, signal);
        failpoint("sweep", "after", everywhere);
        await sweeps.found(asked, {
          findings: shortened(findings),
          settled,
          unseen: Object.fromEntries(unseen),
        });
        await measureAll(deps, { fleet: now, looked, by, signal });
        return jobs.slice(0, mostJobs);
      }),

    /** Says which of the started have put right what was found, and that the sweep is over. */
    endSweep: ({
      asked,
      jobs,
    }: {
      readonly asked: readonly Asked[];
      readonly jobs: readonly Job[];
    }): Promise<void> =>
      attempt.answering(inTheNameOf(asked), "end-sweep", async () => {
        const settled: string[] = [];
        for (const job of jobs) if (await isSettled(recorder, job)) settled.push(job.occasion.namespace);
        await sweeps.settle(settled);
        failpoint("end-sweep", "after", everywhere);
        await sweeps.end(asked, null);
      }),

    failSweep: ({
      asked,
      error,
    }: {
      readonly asked: readonly Asked[];
      readonly error: Failure;
    }): Promise<void> => attempt.answering(inTheNameOf(asked), "fail-sweep", () => sweeps.end(asked, error)),
  };
};

const aboutAll = (fleet: Fleet) => {
  const dead = new Map<string, string[]>();
  for (const [key, { namespace, incarnation }] of fleet.made) {
    if (incarnation >= (fleet.namespaces.get(namespace)?.incarnation ?? 0)) continue;
    dead.set(namespace, [...(dead.get(namespace) ?? []), key.slice(key.indexOf(" ") + 1)]);
  }
  return promised(fleet).flatMap(({ namespace, resource }) => {
    const state = fleet.namespaces.get(namespace);
    return state === undefined
      ? []
      : [{ resource, about: { namespace, state, dead: dead.get(namespace) ?? [] } }];
  });
};

/** Nothing of a backend counts that did not answer every question. */
function onlySeen(listings: readonly Listing[], { looked, unseen: away }: LookedAt) {
  const unseen = new Map(away);
  for (const one of listings) if (one.things === undefined) unseen.set(one.backend, one.because);
  return {
    unseen,
    counted: {
      listings: listings.filter(({ backend }) => !unseen.has(backend)),
      looked: looked.filter(({ resource }) => !unseen.has(resource.backend)),
    },
  };
}

/** The operations that a workflow has. */
async function atWork(
  { namespaces }: Fleet,
  isAtWork: SweepingDependencies["isAtWork"],
): Promise<ReadonlySet<string>> {
  const running = new Set<string>();
  for (const [name, state] of namespaces) {
    const open = openOperation(state);
    if (open !== undefined && (await isAtWork(name))) running.add(open.id);
  }
  return running;
}

const most = 10_000;

/** What is somebody else's may be without number; what is ours goes first. */
const shortened = (findings: readonly FleetFinding[]): readonly FleetFinding[] => findings.slice(0, most);

async function isSettled(recorder: Recorder, { type, occasion }: Job): Promise<boolean> {
  const { state, events } = await recorder.read(occasion.namespace);
  if (type === "cleanupNamespace") return state.blocked.length === 0;
  const outcome = outcomeOf(events, occasion.operation);
  return type === "repairNamespace"
    ? outcome?.state === "succeeded" || (outcome === undefined && state.drift.length === 0)
    : outcome !== undefined;
}
