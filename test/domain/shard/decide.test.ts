import { describe, expect, it } from "vitest";
import type { ShardEvent } from "../../../domain/shard/events.ts";
import { decide, evolve, plain, type ShardCommand } from "../../../domain/shard/shard.ts";

const defined = (weight = 1, dedicated = false): ShardEvent => ({
  type: "ShardDefined",
  data: { shard: "big", weight, dedicated },
});
const drained: ShardEvent = { type: "ShardDrained", data: { shard: "big" } };
const assigned = (namespace: string, incarnation = 1): ShardEvent => ({
  type: "NamespaceAssigned",
  data: { shard: "big", namespace, incarnation },
});

const following = (events: readonly ShardEvent[], command: ShardCommand) =>
  decide(command, events.reduce(evolve, plain("big")), events.length > 0);
/** `given`: how often it had been given away when somebody looked. */
const to = (namespace: string, given: number) =>
  ({ type: "AssignNamespace", to: { namespace, incarnation: 1 }, given }) as const;

describe("a shard", () => {
  it("is defined, once", () => {
    expect(following([], { type: "DefineShard" })).toEqual([defined()]);
    expect(following([defined()], { type: "DefineShard" })).toEqual([]);
  });

  it("keeps what is left out when it is defined otherwise", () => {
    expect(following([defined(3, true)], { type: "DefineShard", weight: 5 })).toEqual([defined(5, true)]);
  });

  it("takes namespaces again when it is defined after it was drained", () => {
    expect(following([defined(), drained], { type: "DefineShard" })).toEqual([defined()]);
  });

  it("is drained, once; one that nobody knows is not", () => {
    expect(following([defined()], { type: "DrainShard" })).toEqual([drained]);
    expect(following([defined(), drained], { type: "DrainShard" })).toEqual([]);
    expect(() => following([], { type: "DrainShard" })).toThrow("Shard 'big' does not exist");
  });

  it("is given to one namespace, quietly to the same again, and to another only by who has seen that", () => {
    const held = [defined(1, true), assigned("first")];
    expect(following([defined(1, true)], to("first", 0))).toEqual([assigned("first")]);
    expect(following(held, to("first", 0))).toEqual([]);
    expect(() => following(held, to("second", 0))).toThrow("given to another namespace");
    expect(following(held, to("second", 1))).toEqual([assigned("second")]);
  });

  it("is given anew to one that comes back, and then to nobody who looked before", () => {
    const held = [defined(1, true), assigned("first")];
    expect(following(held, to("first", 1))).toEqual([assigned("first")]);
    expect(() => following([...held, assigned("first")], to("second", 1))).toThrow("given to another");
  });

  it("keeps whose word it was that a proxy is drained, in use again, or dead", () => {
    const proxy = "proxy-1";
    expect(following([defined()], { type: "DrainProxy", proxy })).toEqual([
      { type: "ProxyDrained", data: { shard: "big", proxy } },
    ]);
    expect(following([defined()], { type: "ResumeProxy", proxy })).toEqual([
      { type: "ProxyResumed", data: { shard: "big", proxy } },
    ]);
    const drainedProxy: ShardEvent = { type: "ProxyDrained", data: { shard: "big", proxy } };
    expect(evolve(plain("big"), drainedProxy)).toEqual(plain("big"));
  });
});
