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
  /** It goes behind Prism's back. */
  lose(name: string): void;
  /** It is changed behind Prism's back. */
  change(name: string): void;
  /** What a thing of that name keeps from now on, in bytes. */
  fill(name: string, bytes: number): void;
  /** Nobody gets an answer. */
  away: boolean;
  /** Something of that name which is not Prism's. */
  plant(name: string): void;
};

type Thing = {
  readonly identity: string;
  readonly of: string | undefined;
  readonly kind: string;
  readonly incarnation: number;
  readonly config: JsonObject;
  readonly changed?: boolean;
};

/** A backend that only remembers, for tests of who asks it what. */
export function memoryBackend(kind: BackendKind): MemoryBackend {
  const things = new Map<string, Thing>();
  const kept = new Map<string, number>();
  let away = false;
  const answers = () => {
    if (away) throw new PrismError("BACKEND_UNAVAILABLE", `${kind} is away`);
  };
  const observe = ({ name, config }: Resource, { owner, claim }: Call): Observed => {
    const thing = things.get(name);
    if (thing === undefined) return { state: "absent" };
    const { identity, of } = thing;
    if (claim.dead?.includes(identity)) return { state: "dead", identity, because: "of a finished life" };
    if (of !== owner.namespace) {
      return { state: "foreign", identity, because: `of ${of ?? "somebody else"}` };
    }
    const drift = [{ field: "size", planned: "1", actual: "2" }];
    if (thing.changed) return { state: "drifted", identity, drift };
    const [planned, actual] = [canonicalJson(config), canonicalJson(thing.config)];
    return planned === actual
      ? { state: "ready", identity }
      : { state: "drifted", identity, drift: [{ field: "config", planned, actual }] };
  };
  return {
    kind,
    deadlineMs: 100,
    async observe(resource, call) {
      answers();
      return observe(resource, call);
    },
    async ensure(resource, call) {
      answers();
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
    async list() {
      answers();
      return [...things].map(([name, { identity, of, kind: what, incarnation }]) => ({
        backend: kind,
        kind: what,
        name,
        identity,
        owner: of === undefined ? undefined : { namespace: of, incarnation },
      }));
    },
    async measure({ name }) {
      answers();
      return { bytes: kept.get(name) ?? 0, estimated: false };
    },
    health: async () => {},
    close: async () => {},
    fill: (name, bytes) => void kept.set(name, bytes),
    lose: (name) => void things.delete(name),
    change(name) {
      const thing = things.get(name);
      if (thing !== undefined) things.set(name, { ...thing, changed: true });
    },
    get away() {
      return away;
    },
    set away(is) {
      away = is;
    },
    names: () => [...things.keys()],
    settings: () => new Map([...things].map(([name, { config }]) => [name, config])),
    plant: (name) =>
      things.set(name, { identity: randomUUID(), of: undefined, incarnation: 0, kind: "thing", config: {} }),
  };
}
