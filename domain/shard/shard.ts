import { PrismError, unreachable } from "../errors.ts";
import type { ShardEvent } from "./events.ts";

/** A namespace's life, as a dedicated shard knows whose it is. */
export type Holder = { readonly namespace: string; readonly incarnation: number };

export type Shard = {
  readonly shard: string;
  readonly weight: number;
  /** For one namespace alone. */
  readonly dedicated: boolean;
  readonly state: "open" | "draining";
  /** Of a dedicated one: whose it was last given to. */
  readonly holder: Holder | null;
  /** How often it was given to somebody, be it to the same again. */
  readonly given: number;
};

export const shardStream = (shard: string): string => `shard-${shard}`;

/** A shard that nobody has defined: the one that processes are configured with needs no more. */
export const plain = (shard: string): Shard => ({
  shard,
  weight: 1,
  dedicated: false,
  state: "open",
  holder: null,
  given: 0,
});

export function evolve(shard: Shard, event: ShardEvent): Shard {
  switch (event.type) {
    case "ShardDefined":
      return { ...shard, weight: event.data.weight, dedicated: event.data.dedicated, state: "open" };
    case "ShardDrained":
      return { ...shard, state: "draining" };
    case "NamespaceAssigned": {
      const { namespace, incarnation } = event.data;
      return { ...shard, holder: { namespace, incarnation }, given: shard.given + 1 };
    }
    case "ProxyEvicted":
    case "ProxyDrained":
    case "ProxyResumed":
      return shard;
    default:
      return unreachable(event);
  }
}

export type ShardCommand =
  | {
      readonly type: "DefineShard";
      readonly weight?: number | undefined;
      readonly dedicated?: boolean | undefined;
    }
  | { readonly type: "DrainShard" }
  /** `given`: of the shard whose holder the caller has found gone, or itself. */
  | { readonly type: "AssignNamespace"; readonly to: Holder; readonly given: number }
  | { readonly type: "EvictProxy"; readonly proxy: string; readonly reason: string }
  | { readonly type: "DrainProxy" | "ResumeProxy"; readonly proxy: string };

/** `known`: it was defined, or is the one that processes are configured with. What is left out stays. */
export function decide(command: ShardCommand, shard: Shard, known: boolean): readonly ShardEvent[] {
  const { shard: name, state, holder } = shard;
  switch (command.type) {
    case "DefineShard": {
      const { weight = shard.weight, dedicated = shard.dedicated } = command;
      const same = weight === shard.weight && dedicated === shard.dedicated && state === "open";
      return known && same ? [] : [{ type: "ShardDefined", data: { shard: name, weight, dedicated } }];
    }
    case "DrainShard":
      if (!known) throw unknownShard(name);
      return state === "draining" ? [] : [{ type: "ShardDrained", data: { shard: name } }];
    case "AssignNamespace":
      // Its holder is given it anew when it comes back: who has found it gone before that was too early.
      if (command.given === shard.given)
        return [{ type: "NamespaceAssigned", data: { shard: name, ...command.to } }];
      if (isSame(holder, command.to)) return [];
      throw taken(name);
    case "DrainProxy":
      return [{ type: "ProxyDrained", data: { shard: name, proxy: command.proxy } }];
    case "ResumeProxy":
      return [{ type: "ProxyResumed", data: { shard: name, proxy: command.proxy } }];
    case "EvictProxy":
      return [{ type: "ProxyEvicted", data: { shard: name, proxy: command.proxy, reason: command.reason } }];
    default:
      return unreachable(command);
  }
}

export const isSame = (a: Holder | null, b: Holder | null): boolean =>
  a?.namespace === b?.namespace && a?.incarnation === b?.incarnation;

const unknownShard = (shard: string): PrismError =>
  new PrismError("NOT_FOUND", `Shard '${shard}' does not exist`, {
    details: { field: "shard", recommendation: "GET /shards lists those there are" },
  });

const taken = (shard: string): PrismError =>
  new PrismError("NAMESPACE_NOT_READY", `shard '${shard}' was given to another namespace`);
