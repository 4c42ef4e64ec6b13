import type { Backend, Call, Observed } from "../backends/backend.ts";
import { PrismError } from "../domain/errors.ts";
import type { Namespace } from "../domain/namespace/namespace.ts";
import { ownedOf, resourceKey } from "../domain/namespace/resources.ts";
import { ensureStep } from "../domain/namespace/steps.ts";
import type { BackendKind, Resource } from "../domain/plan.ts";
import type { Attempt } from "./attempt.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import type { Recorder } from "./recorder.ts";

export type Backends = ReadonlyMap<BackendKind, Backend>;

export type ProvisioningDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly backends: Backends;
  readonly failpoint: Failpoint;
};

type Work = { readonly occasion: Occasion; readonly resource: Resource };

/** Intent, effect and outcome of a resource are one activity: a crash between them is mended by its repeat. */
export const provisioningActivities = ({
  attempt,
  recorder,
  backends,
  failpoint,
}: ProvisioningDependencies) => ({
  /** Leaves the resource as planned, whatever it was before, and records it. Refuses somebody else's. */
  ensureResource: ({ occasion, resource }: Work): Promise<void> =>
    attempt(occasion, ensureStep(resource), async (signal) => {
      const step = ensureStep(resource);
      const { operation } = occasion;
      const backend = backendOf(backends, resource);
      let { state } = await recorder.read(occasion.namespace);
      if (ownedOf(state.resources, resource) === undefined) {
        const observed = await backend.observe(resource, callFor(state, occasion, resource, signal));
        refuseForeign(resource, observed);
        const sawAbsent = observed.state === "absent";
        const intend = { type: "IntendResource", operation, resource, sawAbsent } as const;
        ({ state } = await recorder.record(occasion, `${step} intended`, intend));
      }
      const { identity } = await backend.ensure(resource, callFor(state, occasion, resource, signal));
      failpoint(step, "after", occasion.namespace);
      await recorder.record(occasion, step, { type: "ConfirmResource", operation, resource, identity });
    }),

  /** Leaves nothing of it. What was never there is removed already; what is not ours is left alone. */
  removeResource: ({ occasion, resource }: Work): Promise<void> =>
    attempt(occasion, `remove ${resourceKey(resource)}`, async (signal) => {
      const { operation } = occasion;
      const { state } = await recorder.read(occasion.namespace);
      // No intent, no effect: the activity never got as far as the backend.
      if (ownedOf(state.resources, resource) === undefined) return;
      const call = callFor(state, occasion, resource, signal);
      const { removed } = await backendOf(backends, resource).remove(resource, call);
      const command = { type: "ConfirmRemoval", operation, resource, removed } as const;
      await recorder.record(occasion, `remove ${resourceKey(resource)}`, command);
    }),
});

function callFor(namespace: Namespace, occasion: Occasion, resource: Resource, signal: AbortSignal): Call {
  const owned = ownedOf(namespace.resources, resource);
  return {
    owner: { namespace: occasion.namespace, incarnation: namespace.incarnation },
    claim: {
      // Also while it is being removed: the intent to make it is what says that it is ours.
      intended: owned !== undefined && owned.identity === undefined && owned.sawAbsent,
      ...(owned?.identity === undefined ? {} : { identity: owned.identity }),
    },
    signal,
  };
}

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
