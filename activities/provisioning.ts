import type { Backend, Call, Observed } from "../backends/backend.ts";
import { removeForGood } from "../backends/remove-for-good.ts";
import { PrismError } from "../domain/errors.ts";
import { ownedOf } from "../domain/namespace/resources.ts";
import { ensureStep, removeStep, restoreStep } from "../domain/namespace/steps.ts";
import type { BackendKind, Resource } from "../domain/plan.ts";
import type { Log } from "../runtime/log.ts";
import type { Attempt } from "./attempt.ts";
import { aboutHistory, callFor as callAbout } from "./call-for.ts";
import type { Failpoint } from "./failpoint.ts";
import { lastAttemptAt } from "./last-attempt.ts";
import type { Occasion } from "./occasion.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type Backends = ReadonlyMap<BackendKind, Backend>;

export type ProvisioningDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly backends: Backends;
  readonly failpoint: Failpoint;
  readonly log: Log;
};

type Work = { readonly occasion: Occasion; readonly resource: Resource };

/** Intent, effect and outcome of a resource are one activity: a crash between them is mended by its repeat. */
export const provisioningActivities = ({
  attempt,
  recorder,
  backends,
  failpoint,
  log,
}: ProvisioningDependencies) => ({
  /** Leaves the resource as planned, whatever it was before, and records it. Refuses somebody else's. */
  ensureResource: ({ occasion, resource }: Work): Promise<void> =>
    attempt(occasion, ensureStep(resource), async (signal) => {
      const step = ensureStep(resource);
      const { operation } = occasion;
      const backend = backendOf(backends, resource);
      const before = await recorder.read(occasion.namespace);
      const sawAbsent =
        (isNew(before, resource) || before.state.operation?.kind === "reconcile") &&
        (await isFree(backend, resource, async (now) =>
          callFor(now ? await recorder.read(occasion.namespace) : before, occasion, resource, signal),
        ));
      const intend = { type: "IntendResource", operation, resource, sawAbsent } as const;
      const intended = await recorder.record(occasion, `${step} intended`, intend);
      failpoint(step, "intended", occasion.namespace);
      const { identity, login } = await backend.ensure(
        resource,
        callFor(intended, occasion, resource, signal),
      );
      if (login !== undefined) log.info({ ...occasion, step, login }, "the namespace's own login");
      failpoint(step, "after", occasion.namespace);
      await recorder.record(occasion, step, { type: "ConfirmResource", operation, resource, identity });
    }),

  /** Leaves a resource in use as it was before the update that fails now. What cannot go back stays, and is told. */
  restoreResource: ({ occasion, resource }: Work): Promise<void> =>
    attempt(occasion, restoreStep(resource), async (signal) => {
      const step = restoreStep(resource);
      const { operation } = occasion;
      const intend = { type: "IntendResource", operation, resource, sawAbsent: false } as const;
      const history = await recorder.record(occasion, `${step} intended`, intend);
      failpoint(step, "intended", occasion.namespace);
      const call = callFor(history, occasion, resource, signal);
      const { identity } = await backendOf(backends, resource).ensure(resource, call);
      failpoint(step, "after", occasion.namespace);
      await recorder.record(occasion, step, { type: "ConfirmResource", operation, resource, identity });
    }),

  /** Leaves nothing of it. What was never there is removed already; what is not ours is left alone. */
  removeResource: ({ occasion, resource }: Work): Promise<void> =>
    attempt(occasion, removeStep(resource), async (signal) => {
      const step = removeStep(resource);
      const { operation } = occasion;
      // No intent, no effect: the activity never got as far as the backend.
      if (isNew(await recorder.read(occasion.namespace), resource)) return;
      const intend = { type: "IntendRemoval", operation, resource } as const;
      const history = await recorder.record(occasion, `${step} intended`, intend);
      failpoint(step, "intended", occasion.namespace);
      const backend = backendOf(backends, resource);
      const call = callFor(history, occasion, resource, signal);
      const { removed } = await removeForGood(
        backend,
        resource,
        call,
        lastAttemptAt(history, ensureStep(resource)),
      );
      failpoint(step, "after", occasion.namespace);
      await recorder.record(occasion, step, { type: "ConfirmRemoval", operation, resource, removed });
    }),
});

const isNew = ({ state }: NamespaceHistory, resource: Resource): boolean =>
  ownedOf(state.resources, resource) === undefined;

async function isFree(
  backend: Backend,
  resource: Resource,
  callFor: (now: boolean) => Promise<Call>,
): Promise<boolean> {
  const first = await backend.observe(resource, await callFor(false));
  // What shares its place is made side by side with it, and may have come in between.
  const observed = first.state === "foreign" ? await backend.observe(resource, await callFor(true)) : first;
  refuseForeign(resource, observed);
  return observed.state === "absent" || observed.state === "dead";
}

const callFor = (
  history: NamespaceHistory,
  { namespace }: Occasion,
  resource: Resource,
  signal: AbortSignal,
): Call => callAbout(aboutHistory(namespace, history), resource, signal);

function backendOf(backends: Backends, resource: Resource): Backend {
  const backend = backends.get(resource.backend);
  if (backend === undefined) {
    throw new PrismError("UNIMPLEMENTED", `this build cannot provision ${resource.backend} yet`);
  }
  return backend;
}

function refuseForeign(resource: Resource, observed: Observed): void {
  if (observed.state !== "foreign") return;
  throw new PrismError(
    "INVALID_CONFIGURATION",
    `${resource.kind} '${resource.name}' exists in ${resource.backend} and is not Prism's: ${observed.because}`,
    {
      details: {
        field: "namespace",
        recommendation: "Choose a different namespace name, or have the platform team look at what is there",
      },
    },
  );
}
