import { describe, expect, it } from "vitest";
import {
  evolveResources,
  notAsPlanned,
  ownedOf,
  type ResourceEvent,
  type Resources,
  remaining,
} from "../../../domain/namespace/resources.ts";
import * as a from "./examples.ts";
import * as l from "./lives.ts";

const { topic } = a;
const resourcesAfter = (...events: readonly ResourceEvent[]): Resources =>
  events.reduce(evolveResources, new Map() as Resources);
const topicAfter = (...events: readonly ResourceEvent[]) => ownedOf(resourcesAfter(...events), topic);

const intended = (saw_absent: boolean, resource = topic): ResourceEvent => ({
  type: "ResourceIntended",
  data: { resource, saw_absent },
});
const made: ResourceEvent = { type: "ResourceProvisioned", data: { resource: topic, identity: "id-1" } };
const removing: ResourceEvent = { type: "ResourceRemovalIntended", data: { resource: topic } };
const removed: ResourceEvent = { type: "ResourceRemoved", data: { resource: topic, removed: true } };

describe("what is found under a resource's name", () => {
  it("may be ours where the name was free when it was meant", () =>
    expect(topicAfter(intended(true))).toMatchObject({ state: "intended", sawAbsent: true }));

  it("is somebody else's where the name was taken", () =>
    expect(topicAfter(intended(false))).toMatchObject({ sawAbsent: false, identity: undefined }));

  it("is ours also when a second attempt finds what the first one made", () =>
    expect(topicAfter(intended(true), intended(false))).toMatchObject({ sawAbsent: true }));

  it("stays ours by its identity while its configuration is about to change", () =>
    expect(topicAfter(intended(true), made, intended(false, l.largerTopic))).toEqual({
      resource: topic,
      state: "provisioned",
      sawAbsent: true,
      identity: "id-1",
      changing: l.largerTopic,
    }));

  it("is not ours for having been removed once: whoever means it again must have seen the name free", () => {
    const again = [intended(true), made, removing, removed, intended(false)] as const;
    expect(topicAfter(...again)).toMatchObject({ state: "intended", sawAbsent: false, identity: undefined });
    expect(topicAfter(intended(true), removing, intended(false))).toMatchObject({ sawAbsent: false });
  });
});

describe("a removal", () => {
  it("knows what it removes until it is gone", () => {
    expect(topicAfter(intended(true), made, removing)).toMatchObject({ state: "removing", identity: "id-1" });
    expect(remaining(resourcesAfter(intended(true), made, removing))).toEqual(["kafka topic orders-queue"]);
    expect(topicAfter(intended(true), made, removing, removed)).toBeUndefined();
    expect(remaining(resourcesAfter(intended(true), made, removing, removed))).toEqual([]);
  });

  it("of what nobody has heard of is one all the same", () =>
    expect(topicAfter(removing)).toEqual({
      resource: topic,
      state: "removing",
      sawAbsent: false,
      identity: undefined,
      changing: undefined,
    }));
});

it("a plan's resource that is about to change is not as planned, nor is one that is only meant", () => {
  const { plan } = a.selection;
  const both = ["kafka topic orders-queue", "postgres wal-table wal_orders"];
  expect(notAsPlanned(resourcesAfter(intended(true)), plan)).toEqual(both);
  expect(notAsPlanned(resourcesAfter(intended(true), made), plan)).toEqual(both.slice(1));
  expect(notAsPlanned(resourcesAfter(intended(true), made, intended(true, l.largerTopic)), plan)).toEqual(
    both,
  );
});
