import type { Event } from "../event.ts";

/** There it is, or it is to be otherwise. One that was drained takes namespaces again. */
export type ShardDefined = Event<
  "ShardDefined",
  { readonly shard: string; readonly weight: number; readonly dedicated: boolean }
>;

/** No namespace is placed there any more; those that are there stay. */
export type ShardDrained = Event<"ShardDrained", { readonly shard: string }>;

/** A dedicated shard is one namespace's from here on. Where others are served, their own streams say. */
export type NamespaceAssigned = Event<
  "NamespaceAssigned",
  { readonly shard: string; readonly namespace: string; readonly incarnation: number }
>;

/** Somebody's word that a proxy is dead and serves nothing any more. */
export type ProxyEvicted = Event<
  "ProxyEvicted",
  { readonly shard: string; readonly proxy: string; readonly reason: string }
>;

/** Somebody wants a proxy to take nothing new. */
export type ProxyDrained = Event<"ProxyDrained", { readonly shard: string; readonly proxy: string }>;

/** One that was drained is in use again. */
export type ProxyResumed = Event<"ProxyResumed", { readonly shard: string; readonly proxy: string }>;

export type ShardEvent =
  | ShardDefined
  | ShardDrained
  | NamespaceAssigned
  | ProxyEvicted
  | ProxyDrained
  | ProxyResumed;
