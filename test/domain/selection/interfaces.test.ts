import { describe, expect, it } from "vitest";
import { backendKinds } from "../../../domain/plan.ts";
import { interfacesOf } from "../../../domain/selection/interfaces.ts";
import { inventoryOfThisBuild } from "../../../domain/selection/this-build.ts";

/** The thin interfaces that the core concepts name, by the client API that offers them. */
const named: Readonly<Record<string, string>> = {
  keyvalue: "basic scan ttl transactional batch cas",
  pubsub: "basic wildcards persistent filtering ordering",
  queue: "basic visibility dead_letter priority delayed",
};
const servers = { kafkaBrokers: 3, maxPartitions: 256, natsServers: 1, redis: true, tenants: true, s3: true };
const inventory = inventoryOfThisBuild(servers);

describe("what clients have on a backend", () => {
  it.each(backendKinds)("%s: by the names of the core concepts, of client APIs it is there for", (kind) => {
    for (const name of interfacesOf(kind, inventory).all) {
      const [api = "", ...rest] = name.split("_");
      expect(named[api]?.split(" ")).toContain(rest.join("_"));
      expect(inventory[kind]?.capabilities).toContain(api);
    }
  });

  it("is reached where the client API has a service, and nothing where the backend is not there", () => {
    const counts = backendKinds.map((kind) => {
      const { all, served } = interfacesOf(kind, inventory);
      return [kind, [all.length, served.length]];
    });
    expect(Object.fromEntries(counts)).toEqual({
      kafka: [6, 3],
      nats: [4, 0],
      redis: [4, 0],
      postgres: [6, 0],
      s3: [0, 0],
    });
    expect(interfacesOf("kafka", inventory).served).toContain("queue_visibility");
    expect(interfacesOf("redis", inventory).all).toContain("keyvalue_basic");
    expect(interfacesOf("kafka", {})).toEqual({ all: [], served: [] });
  });
});
