import type { Resource } from "../domain/plan.ts";
import type { Command } from "./redis-connection.ts";
import type { Timed } from "./timed.ts";

/** What Prism keeps of a namespace, under a key that no namespace's prefix reaches. */
export type Kept = {
  readonly id: string;
  readonly tag: string;
  readonly prefix: string;
  /** Commands as Redis wrote down what it was asked for: it rearranges them. */
  readonly asked?: string;
  readonly commands?: string;
};

const page = 1_000;

/** The owner's key. Who writes it first has the name. */
export function redisOwners(command: Command) {
  const keyOf = ({ name }: Pick<Resource, "name">): string => `prism:owner:${name}`;

  const of = async (resource: Resource, timed: Timed): Promise<Kept | undefined> => {
    const text = await command(`look up the owner of ${resource.name}`, timed, "GET", keyOf(resource));
    return text === null ? undefined : (JSON.parse(String(text)) as Kept);
  };

  return {
    of,
    /** Everybody's, by the name of the user. */
    async all(timed: Timed): Promise<readonly (Kept & { readonly name: string })[]> {
      const found = new Map<string, Kept>();
      let cursor = "0";
      do {
        const scan = ["SCAN", cursor, "MATCH", `${keyOf({ name: "" })}*`, "COUNT", page] as const;
        const [next, keys] = (await command("list owners", timed, ...scan)) as [string, string[]];
        for (const key of keys) {
          const text = await command(`look up ${key}`, timed, "GET", key);
          if (text !== null)
            found.set(key.slice(keyOf({ name: "" }).length), JSON.parse(String(text)) as Kept);
        }
        cursor = next;
      } while (cursor !== "0");
      return [...found].map(([name, owner]) => ({ ...owner, name }));
    },
    async claim(resource: Resource, kept: Kept, timed: Timed): Promise<Kept> {
      const text = JSON.stringify(kept);
      await command(`claim ${resource.name}`, timed, "SET", keyOf(resource), text, "NX");
      return (await of(resource, timed)) ?? kept;
    },
    async rewrite(resource: Resource, kept: Kept, timed: Timed): Promise<void> {
      await command(`note ${resource.name}`, timed, "SET", keyOf(resource), JSON.stringify(kept), "XX");
    },
    /** Only this very one: the next life may have begun meanwhile. */
    async forget(resource: Resource, { id }: Kept, timed: Timed): Promise<void> {
      const now = await of(resource, timed);
      if (now?.id === id) await command(`forget ${resource.name}`, timed, "DEL", keyOf(resource));
    },
  };
}
