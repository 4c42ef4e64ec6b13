import { randomUUID } from "node:crypto";
import type { Backend, Call, Observed } from "../../backends/backend.ts";
import { PrismError } from "../../domain/errors.ts";
import { canonicalJson, type JsonObject } from "../../domain/json.ts";
import type { BackendKind, Resource } from "../../domain/plan.ts";

export type MemoryBackend = Backend & {
  /** Names of what is there. */
  names(): readonly string[];
  /** The same with how each is set up. */
  settings(): ReadonlyMap<string, JsonObject>;
  /** Something of that name which is not Prism's. */
  plant(name: string): void;
};

type Thing = {
  readonly identity: string;
  readonly of: string | undefined;
  readonly kind: string;
  readonly incarnation: number;
  readonly config: JsonObject;
};

/** A backend that only remembers, for tests of who asks it what. */
export function memoryBackend(kind: BackendKind): MemoryBackend {
  const things = new Map<string, Thing>();
  const observe = ({ name, config }: Resource, { owner, claim }: Call): Observed => {
    const thing = things.get(name);
    if (thing === undefined) return { state: "absent" };
    const { identity, of } = thing;
    if (claim.dead?.includes(identity)) return { state: "dead", identity, because: "of a finished life" };
    if (of !== owner.namespace) {
      return { state: "foreign", identity, because: `of ${of ?? "somebody else"}` };
    }
    const [planned, actual] = [canonicalJson(config), canonicalJson(thing.config)];
    return planned === actual
      ? { state: "ready", identity }
      : { state: "drifted", identity, drift: [{ field: "config", planned, actual }] };
  };
  return {
    kind,
    deadlineMs: 100,
    observe: async (resource, call) => observe(resource, call),
    async ensure(resource, call) {
      const seen = observe(resource, call);
      if (seen.state === "foreign") throw new PrismError("INVALID_CONFIGURATION", "in the way");
      const isThere = seen.state === "ready" || seen.state === "drifted";
      const identity = isThere ? seen.identity : randomUUID();
      const { namespace: of, incarnation } = call.owner;
      things.set(resource.name, { identity, of, incarnation, kind: resource.kind, config: resource.config });
      return { identity };
    },
    async remove(resource, call) {
      if (observe(resource, call).state === "foreign") return { removed: false };
      return { removed: things.delete(resource.name) || true };
    },
    list: async () =>
      [...things].map(([name, { identity, of, kind: what, incarnation }]) => ({
        backend: kind,
        kind: what,
        name,
        identity,
        owner: of === undefined ? undefined : { namespace: of, incarnation },
      })),
    health: async () => {},
    close: async () => {},
    names: () => [...things.keys()],
    settings: () => new Map([...things].map(([name, { config }]) => [name, config])),
    plant: (name) =>
      things.set(name, { identity: randomUUID(), of: undefined, incarnation: 0, kind: "thing", config: {} }),
  };
}
