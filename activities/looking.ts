import type { Backend } from "../backends/backend.ts";
import { PrismError } from "../domain/errors.ts";
import type { BackendKind, Resource } from "../domain/plan.ts";
import type { Looked } from "../domain/reconcile/drift.ts";
import type { Listing } from "../domain/reconcile/thing.ts";
import { type About, callFor } from "./call-for.ts";
import type { Backends } from "./provisioning.ts";

/** Resources that are looked at side by side. */
const atOnce = 16;

export type Asked = { readonly about: About; readonly resource: Resource };

/** What was seen, and why nothing was of the backends that did not answer. */
export type LookedAt = {
  readonly looked: readonly Looked[];
  readonly unseen: ReadonlyMap<BackendKind, string>;
};

/** Looks at each of them; where a backend does not answer once, nothing of it counts. */
export async function lookAt(
  backends: Backends,
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<LookedAt> {
  const looked: Looked[] = [];
  const unseen = new Map<BackendKind, string>();
  const queue = [...asked];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal.throwIfAborted();
      const { about, resource } = next;
      const backend = backends.get(resource.backend);
      if (backend === undefined || unseen.has(resource.backend)) continue;
      try {
        const shown = await backend.observe(resource, callFor(about, resource, signal));
        looked.push({ namespace: about.namespace, resource, shown });
      } catch (error) {
        unseen.set(resource.backend, whyNot(error, signal));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  // In the plan's order, so that the same findings are the same text.
  const order = new Map(asked.map(({ resource }, index) => [resource, index]));
  return {
    looked: looked
      .filter(({ resource }) => !unseen.has(resource.backend))
      .sort((a, b) => (order.get(a.resource) ?? 0) - (order.get(b.resource) ?? 0)),
    unseen,
  };
}

/** What stands in each backend. */
export const listAll = (backends: Backends, signal: AbortSignal): Promise<readonly Listing[]> =>
  Promise.all([...backends.values()].map((backend) => listOne(backend, signal)));

async function listOne(backend: Backend, signal: AbortSignal): Promise<Listing> {
  try {
    return { backend: backend.kind, things: await backend.list(signal) };
  } catch (error) {
    return { backend: backend.kind, because: whyNot(error, signal) };
  }
}

/** A backend that is away is an answer; everything else is not. */
function whyNot(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (error instanceof PrismError && error.code === "BACKEND_UNAVAILABLE") return error.message;
  throw error;
}
