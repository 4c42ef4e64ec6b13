import type { DataSize, DataSizes, MeasuredResource } from "../control/data-sizes.ts";
import { decide } from "../domain/namespace/decide.ts";
import { isLive, type Namespace } from "../domain/namespace/namespace.ts";
import { resourceKey } from "../domain/namespace/resources.ts";
import type { BackendKind } from "../domain/plan.ts";
import type { Looked } from "../domain/reconcile/drift.ts";
import type { Fleet } from "../domain/reconcile/fleet.ts";
import { bytes } from "../domain/request/size.ts";
import type { Log } from "../runtime/log.ts";
import type { Occasion } from "./occasion.ts";
import type { Backends } from "./provisioning.ts";
import type { Recorder } from "./recorder.ts";

export type MeasuringDependencies = {
  readonly recorder: Recorder;
  readonly backends: Backends;
  readonly dataSizes: DataSizes;
  readonly log: Log;
};

type Swept = {
  readonly fleet: Fleet;
  readonly looked: readonly Looked[];
  readonly by: Occasion;
  readonly signal: AbortSignal;
};

/** Resources that are measured side by side: fewer than are looked at, as it costs a backend more. */
const atOnce = 4;
/** Of a backend that does not answer so often no more is asked in this sweep. */
const mostFailures = 3;
/** What a sweep gives it all. What does not get its turn is the first of the next sweep. */
const patienceMs = 20_000;

/**
 * Measures what namespaces keep, and records where one comes to keep nearly all that it reserves, or no longer
 * does. It never fails its sweep: of what cannot be measured now the last size stands.
 */
export async function measureAll(
  deps: MeasuringDependencies,
  swept: Swept,
  patience = AbortSignal.timeout(patienceMs),
): Promise<void> {
  const { recorder, dataSizes, log } = deps;
  const { fleet, by, signal } = swept;
  try {
    const before = new Map((await dataSizes.all()).map((one) => [one.namespace, one]));
    const measured = await measure(deps, { ...swept, over: patience }, before);
    const sizes = [...fleet.namespaces].flatMap(
      ([name, state]) => sizeOf(name, state, { measured, before: before.get(name) }) ?? [],
    );
    await dataSizes.keep(sizes);
    for (const { namespace, incarnation, dataBytes } of sizes) {
      const command = { type: "ReportData", operation: by.operation, incarnation, bytes: dataBytes } as const;
      const state = fleet.namespaces.get(namespace);
      if (state === undefined || decide(command, state).length === 0) continue;
      await recorder.record({ ...by, namespace }, "measure", command);
    }
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, "what namespaces keep could not be measured: the last sizes stand");
  }
}

const keyOf = (namespace: string, resource: string): string => `${namespace} ${resource}`;

/** By namespace and resource. What was measured longest ago goes first, what never was before that. */
async function measure(
  { backends, log }: MeasuringDependencies,
  { fleet, looked, signal, over }: Swept & { readonly over: AbortSignal },
  before: ReadonlyMap<string, DataSize>,
): Promise<ReadonlyMap<string, MeasuredResource>> {
  const lastAt = ({ namespace, resource }: Looked): string =>
    before.get(namespace)?.resources[resourceKey(resource)]?.measured_at ?? "";
  const queue = looked
    .filter(({ shown: { state } }) => state === "ready" || state === "drifted")
    .sort((a, b) => lastAt(a).localeCompare(lastAt(b)));
  const measured = new Map<string, MeasuredResource>();
  const failures = new Map<BackendKind, number>();
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !over.aborted; next = queue.shift()) {
      signal.throwIfAborted();
      const { namespace, resource } = next;
      const owner = { namespace, incarnation: fleet.namespaces.get(namespace)?.incarnation ?? 0 };
      const call = { owner, claim: { intended: false }, signal: AbortSignal.any([signal, over]) };
      if ((failures.get(resource.backend) ?? 0) >= mostFailures) continue;
      try {
        const size = await backends.get(resource.backend)?.measure?.(resource, call);
        if (size === undefined) continue;
        const measured_at = new Date().toISOString();
        measured.set(keyOf(namespace, resourceKey(resource)), { ...size, measured_at });
      } catch (error) {
        if (over.aborted) return;
        signal.throwIfAborted();
        failures.set(resource.backend, (failures.get(resource.backend) ?? 0) + 1);
        log.warn({ err: error, resource: resourceKey(resource) }, "the backend did not say what this keeps");
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return measured;
}

/** Copies in several backends all count: each takes its disk. `undefined`: nothing of it was ever measured. */
function sizeOf(
  namespace: string,
  state: Namespace,
  known: {
    readonly measured: ReadonlyMap<string, MeasuredResource>;
    readonly before: DataSize | undefined;
  },
): DataSize | undefined {
  const { incarnation, request, plan } = state;
  if (!isLive(state) || request === undefined) return undefined;
  const last = known.before?.incarnation === incarnation ? known.before.resources : {};
  const parts = (plan?.resources ?? []).flatMap((resource) => {
    const key = resourceKey(resource);
    const size = known.measured.get(keyOf(namespace, key)) ?? last[key];
    return size === undefined ? [] : [[key, size] as const];
  });
  if (parts.length === 0) return undefined;
  return {
    namespace,
    incarnation,
    dataBytes: parts.reduce((sum, [, size]) => sum + size.bytes, 0),
    dataSizeBytes: bytes(request.needs.data_size),
    resources: Object.fromEntries(parts),
  };
}
