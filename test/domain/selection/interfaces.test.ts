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
  it.each(backendKinds)("%s: by the names of the core concepts, of client APIs that it serves", (kind) => {
    for (const name of interfacesOf(kind, inventory)) {
      const [api = "", ...rest] = name.split("_");
      expect(named[api]?.split(" ")).toContain(rest.join("_"));
      expect(inventory[kind]?.capabilities).toContain(api);
    }
  });

  it("is nothing where the client API has no service, or the backend is not there", () => {
    const all = Object.fromEntries(backendKinds.map((kind) => [kind, interfacesOf(kind, inventory).length]));
    expect(all).toEqual({ kafka: 3, nats: 0, redis: 0, postgres: 0, s3: 0 });
    expect(interfacesOf("kafka", {})).toEqual([]);
  });
});
