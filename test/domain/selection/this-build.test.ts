import { describe, expect, it } from "vitest";
import type { Plan } from "../../../domain/plan.ts";
import { notEnforced } from "../../../domain/selection/enforced.ts";
import { inventoryOfThisBuild } from "../../../domain/selection/this-build.ts";
import { accepted, refused, request } from "../asking.ts";

const inventory = inventoryOfThisBuild({ kafkaBrokers: 2, maxPartitions: 12 });
const whole = inventoryOfThisBuild({
  kafkaBrokers: 2,
  maxPartitions: 12,
  natsServers: 3,
  redis: true,
  tenants: true,
  s3: true,
});
const resourcesOf = (plan: Plan) => plan.resources.map(({ backend, kind }) => `${backend} ${kind}`);

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

  it("provisions pubsub on NATS, and on Kafka where there is no NATS", () => {
    const onNats = accepted(request("pubsub"), { inventory: whole }).selection.plan;
    expect(resourcesOf(onNats)).toEqual(["nats stream"]);
    expect(onNats.backend.config).toMatchObject({ replicas: 1 });
    expect(accepted(request("pubsub"), { inventory }).selection.plan.backend.type).toBe("kafka");
  });

  it("provisions key-value on Redis", () => {
    const { plan } = accepted(request("keyvalue", { ttl: "1h" }), { inventory: whole }).selection;
    expect(resourcesOf(plan)).toEqual(["redis acl-user"]);
  });

  it("provisions large and long-lived messages in three backends at once", () => {
    const needs = { durability: "strong", replay: "enabled", max_message_size: "50MB", retention: "90days" };
    const { plan } = accepted(request("pubsub", needs), { inventory: whole }).selection;
    expect(resourcesOf(plan).sort()).toEqual([
      "kafka client-quota",
      "kafka topic",
      "postgres replay-table",
      "postgres wal-table",
      "s3 bucket-prefix",
      "s3 bucket-prefix",
    ]);
  });

  it("keeps strong key-value in a table", () => {
    const { plan } = accepted(request("keyvalue", { durability: "strong" }), { inventory: whole }).selection;
    expect(resourcesOf(plan)).toEqual(["postgres keyvalue-table"]);
  });

  it("gives SQL of its own a schema, and its events tables in it", () => {
    const transact = accepted(request("transact"), { inventory: whole }).selection.plan;
    expect(resourcesOf(transact).sort()).toEqual([
      "postgres outbox-table",
      "postgres queue-table",
      "postgres schema",
    ]);
    const reader = accepted(request("reader"), { inventory: whole }).selection.plan;
    expect(resourcesOf(reader)).toEqual(["postgres schema"]);
  });

  it("beside an outbox that is not built, the log is not enforced either: it would be the outbox's commit", () => {
    const { plan } = accepted(request("transact", { durability: "strong" }), { inventory: whole }).selection;
    const chain = plan.patterns.map(({ type }) => type);
    expect(chain).toEqual(["outbox", "wal"]);
    expect(notEnforced(chain)).toEqual(["outbox", "wal"]);
    expect(notEnforced(["wal", "replay-store"])).toEqual([]);
  });

  it.each(["reader", "transact"])("says of %s that it is not built where tenants have no database", (api) =>
    expect(refused(request(api), { inventory })).toMatchObject([{ code: "UNIMPLEMENTED" }]),
  );

  it("says of change capture that it is not built", () =>
    expect(
      refused(
        { ...request("reader"), cdc: { enabled: true, source: "postgres", destination: "kafka" } },
        { inventory: whole },
      ),
    ).toMatchObject([{ code: "UNIMPLEMENTED" }]));

  it("says of a backend that is not there that it is not", () =>
    expect(refused(request("keyvalue", { ttl: "1h" }), { inventory })).toMatchObject([
      { code: "UNIMPLEMENTED" },
    ]));

  it.each([{ max_message_size: "2MB" }, { delivery_guarantee: "exactly_once" }, { retention: "31days" }])(
    "says of a queue with %j that it is not built",
    (needs) =>
      expect(refused(request("queue", needs), { inventory: whole })).toMatchObject([
        { code: "UNIMPLEMENTED" },
      ]),
  );
});
