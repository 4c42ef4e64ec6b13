import type { Log as Backend } from "../backends/log.ts";
import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";
import { deliverer, publisher } from "./chain.ts";
import { type Groups, groups } from "./groups.ts";
import { patternsOf } from "./patterns/built.ts";
import type { Deliver, Publish } from "./patterns/pattern.ts";
import { offsetOf, recordOf } from "./record.ts";

/** One namespace in service: its entry, and what was made of it. */
export type Served = {
  readonly entry: Entry;
  readonly publish: Publish;
  /** The way of a message from the backend to one consumer. */
  readonly deliver: (consumer: Deliver) => Deliver;
  readonly backend: Backend;
  readonly groups: Groups;
  /** Patterns of the plan that this build does not run: shown, never hidden. */
  readonly notEnforced: readonly string[];
  /** Outlives a change of the entry, as the calls do. */
  readonly calls: { open: number };
};

export type ServeDependencies = {
  readonly proxy: string;
  /** The data-plane connector for a backend and topic; throws `UNIMPLEMENTED` for one this build lacks. */
  readonly connect: (entry: Entry) => Backend;
  /** The backend does not do as it should: counted and logged, whether it is repeated or told to a caller. */
  readonly troubled: (namespace: string, error: Error) => void;
};

/** Puts an entry into force. What changes neither incarnation nor backend keeps connections and consumers. */
export function serve(deps: ServeDependencies, entry: Entry, before: Served | undefined): Served {
  const { chain, notEnforced } = patternsOf(entry);
  const same = before !== undefined && identity(before.entry) === identity(entry);
  const backend = same ? before.backend : deps.connect(entry);
  if (before !== undefined && !same) stop(before);
  const { namespace, incarnation, ordered } = entry;
  const append: Publish = async (message) => {
    try {
      return { offset: offsetOf(await backend.append(recordOf(message, ordered))) };
    } catch (error) {
      if (error instanceof PrismError && error.code === "BACKEND_UNAVAILABLE")
        deps.troubled(namespace, error);
      throw error;
    }
  };
  return {
    entry,
    backend,
    notEnforced,
    publish: publisher(chain, append),
    deliver: (consumer) => deliverer(chain, consumer),
    groups: same
      ? before.groups
      : groups({
          proxy: deps.proxy,
          prefix: `prism.${namespace}.${incarnation}`,
          ordered,
          backend,
          troubled: (error) => deps.troubled(namespace, error),
        }),
    calls: same ? before.calls : { open: 0 },
  };
}

/** Ends its consumers first: they commit what was acknowledged. */
export function stop({ groups: consumers, backend, entry }: Served): Promise<void> {
  const gone = new PrismError(
    "NAMESPACE_DELETING",
    `namespace '${entry.namespace}' is no longer served here`,
  );
  return consumers
    .close(gone)
    .then(() => backend.close())
    .catch(() => {});
}

const identity = ({ incarnation, backend, ordered }: Entry): string =>
  JSON.stringify([incarnation, ordered, backend?.type, backend?.config]);
