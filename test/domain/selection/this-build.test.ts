import { describe, expect, it } from "vitest";
import { inventoryOfThisBuild } from "../../../domain/selection/this-build.ts";
import { accepted, refused, request } from "../asking.ts";

const inventory = inventoryOfThisBuild({ kafkaBrokers: 2, maxPartitions: 12 });

describe("this build", () => {
  it("provisions queues on Kafka, as large as its cluster", () => {
    const { plan, warnings } = accepted(request("queue", { read_rps: 50_000 }), { inventory }).selection;
    expect(plan.backend).toMatchObject({ type: "kafka", config: { partitions: 12, replication: 2 } });
    expect(warnings).toMatchObject([{ field: "backend.config.partitions" }]);
  });

  it("keeps a log and what is to be replayed in Postgres", () => {
    const durable = request("queue", { durability: "strong", replay: "enabled" });
    const { plan, warnings } = accepted(durable, { inventory }).selection;
    expect(plan.patterns.map(({ type }) => type)).toEqual(["wal", "replay-store"]);
    expect(warnings).toMatchObject([{ message: "3 replicas are clamped to 2: there are 2 servers" }]);
  });

  it.each(["keyvalue", "pubsub", "reader", "transact"])("says of %s that it is not built", (api) =>
    expect(refused(request(api), { inventory })).toMatchObject([{ code: "UNIMPLEMENTED" }]),
  );

  it.each([{ max_message_size: "2MB" }, { delivery_guarantee: "exactly_once" }, { retention: "31days" }])(
    "says of a queue with %j that it is not built",
    (needs) =>
      expect(refused(request("queue", needs), { inventory })).toMatchObject([{ code: "UNIMPLEMENTED" }]),
  );
});
