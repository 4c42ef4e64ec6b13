import { CreateBucketCommand, DeleteBucketCommand, HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { credentials, Metadata, makeGenericClientConstructor, status } from "@grpc/grpc-js";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { natsAddress } from "../../backends/nats-connection.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { kafkaPartitions, missingTables } from "../../stack/witnesses.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { holdings } from "./holdings.ts";
import { member, platform } from "./request.ts";
import { reconciled } from "./sweep.ts";

const asked = (namespace: string, client_api: string, needs: Record<string, unknown> = {}) => ({
  namespace,
  team: "payments-team",
  client_api,
  needs,
  access: { owners: [{ team: "payments-team" }], consumers: [{ service: "order-api" }] },
});

/** RFC-027's second example. */
const videoUploads = {
  durability: "strong",
  replay: "enabled",
  write_rps: 1_000,
  read_rps: 5_000,
  max_message_size: "50MB",
  retention: "90days",
};

describe("namespaces on five backends", () => {
  let prism: TestPrism;
  let alice: Control;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
  });
  afterAll(() => prism?.close());

  const create = async (request: Record<string, unknown>) =>
    (await alice.namespaces.create(request, { waitSeconds: 60 })).status;
  const variable = (name: string): string => prism.environment[name] ?? "";

  /** The backends are asked themselves. */
  const inNats = async (stream: string) => {
    const connection = await connect(natsAddress(variable("PRISM_NATS_URL")).options);
    try {
      const streams = await jetstreamManager(connection);
      return await streams.streams.info(stream).then(
        ({ config }) => config.subjects,
        () => undefined,
      );
    } finally {
      await connection.close();
    }
  };
  const inRedis = async (user: string) => {
    const redis = new Redis(variable("PRISM_REDIS_URL"));
    try {
      const answer = (await redis.call("ACL", "GETUSER", user)) as unknown[] | null;
      return answer?.[answer.indexOf("keys") + 1];
    } finally {
      redis.disconnect();
    }
  };
  const s3Client = () =>
    new S3Client({
      endpoint: variable("PRISM_S3_ENDPOINT"),
      region: "us-east-1",
      forcePathStyle: true,
      credentials: {
        accessKeyId: variable("PRISM_S3_ACCESS_KEY_ID"),
        secretAccessKey: variable("PRISM_S3_SECRET_ACCESS_KEY"),
      },
    });
  const inS3 = (Bucket: string) =>
    s3Client()
      .send(new HeadBucketCommand({ Bucket }))
      .then(
        () => true,
        () => false,
      );

  it("are shown with how they are, what they can do and what of them is in use", async () => {
    const backends = async () => {
      const token = await prism.token(member);
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${prism.api}/api/v1/backends`, { headers });
      return ((await answer.json()) as { items: Record<string, unknown>[] }).items;
    };
    await expect
      .poll(async () => (await backends()).map(({ backend, health }) => `${backend} ${health}`), {
        timeout: 30_000,
      })
      .toEqual(["kafka healthy", "nats healthy", "redis healthy", "postgres healthy", "s3 healthy"]);
    const [kafka, nats, redis, postgres, s3] = await backends();
    expect(kafka).toMatchObject({
      served: ["queue_basic", "queue_visibility", "queue_dead_letter"],
      capacity: { brokers: 1, max_partitions: 256 },
      used: { brokers: 1 },
    });
    expect(redis).toMatchObject({ served: [], capacity: { max_data_size: 100_000_000_000 } });
    for (const each of [nats, redis, postgres]) expect(each?.["version"]).toMatch(/^\d+\.\d+/);
    expect(s3).toMatchObject({ provisions: ["claim-check", "tiered-storage"] });
  });

  it("video-uploads stands in Kafka, Postgres and S3 after one operation, and says what is not enforced", async () => {
    const namespace = prism.name("video-uploads");
    expect(await create(asked(namespace, "pubsub", videoUploads))).toBe("active");
    const tables = ["wal", "replay"].map((kind) => `${kind}_${namespace.replaceAll("-", "_")}`);
    expect(await missingTables(prism.environment, tables)).toEqual([]);
    expect(await kafkaPartitions(prism.environment, `${namespace}-pubsub`)).toBe(10);
    expect(await inS3(`prism-${namespace}`)).toBe(true);
    const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
    expect(items).toHaveLength(6);
    const shown = await alice.namespaces.plan(namespace);
    expect(shown).toMatchObject({
      not_enforced_yet: expect.arrayContaining(["claim-check", "tiered-storage"]),
    });
  });

  it("user-profiles-cache stands in Redis", async () => {
    const namespace = prism.name("user-profiles-cache");
    const needs = { read_rps: 50_000, write_rps: 500, data_size: "10GB", ttl: "15min" };
    expect(await create(asked(namespace, "keyvalue", needs))).toBe("active");
    expect(await inRedis(namespace)).toBe(`~${namespace}:1:*`);
  });

  it("strong key-value stands in a table of its own", async () => {
    const namespace = prism.name("strong-values");
    expect(await create(asked(namespace, "keyvalue", { durability: "strong" }))).toBe("active");
    expect(await missingTables(prism.environment, [`kv_${namespace.replaceAll("-", "_")}`])).toEqual([]);
  });

  it.each([
    ["order-transactions", "transact", { durability: "strong" }, ["outbox", "wal"], ["queue", "outbox"]],
    ["documents", "reader", {}, [], []],
  ])(
    "%s stands in a schema of its own, and says what is not enforced",
    async (name, api, needs, missing, tables) => {
      const namespace = prism.name(name);
      expect(await create(asked(namespace, api, needs))).toBe("active");
      const schema = `ns_${namespace.replaceAll("-", "_")}`;
      const tenants = new Client({ connectionString: variable("PRISM_TENANT_URL") });
      await tenants.connect();
      const { rows } = await tenants.query<{ name: string }>(
        "select relname as name from pg_class where relnamespace = to_regnamespace($1) and relkind = 'r'",
        [schema],
      );
      expect(rows.map((row) => row.name.split("_")[0]).sort()).toEqual([...tables, "prism"].sort());
      const shown = await alice.namespaces.plan(namespace);
      expect(shown).toMatchObject({ not_enforced_yet: expect.arrayContaining(missing) });
      await alice.namespaces.delete(namespace, { confirm: namespace, waitSeconds: 60 });
      const left = await tenants.query("select 1 from pg_namespace where nspname = $1", [schema]);
      expect(left.rowCount).toBe(0);
      await tenants.end();
    },
  );

  it.each([
    ["without a log", { write_rps: 1_000 }],
    ["with a log before it", { durability: "strong" }],
  ])("pubsub %s stands in NATS", async (what, needs) => {
    const namespace = prism.name(`events-${what.split(" ")[0]}`);
    expect(await create(asked(namespace, "pubsub", needs))).toBe("active");
    expect(await inNats(`${namespace}-pubsub_1`)).toEqual([`${namespace}.1.>`]);
  });

  it("each says what namespaces keep there", async () => {
    await reconciled(await prism.control(platform));
    const backendsOf = async (name: string) => {
      const { data } = await alice.namespaces.get(prism.name(name));
      return Object.keys(data?.by_backend ?? {}).sort();
    };
    expect(await backendsOf("video-uploads")).toEqual(["kafka", "postgres", "s3"]);
    expect(await backendsOf("user-profiles-cache")).toEqual(["redis"]);
    expect(await backendsOf("strong-values")).toEqual(["postgres"]);
    expect(await backendsOf("events-without")).toEqual(["nats"]);
  });

  it("its clients are told that the API is not there yet, and that it is no queue", async () => {
    const namespace = prism.name("unheard");
    expect(await create(asked(namespace, "pubsub"))).toBe("active");
    const client = await prism.client(namespace, { subject: "service:order-api" });
    await expect(client.queue.publish("topic", "hello")).rejects.toMatchObject({ code: "WRONG_CLIENT_API" });
    await client.close();

    const bytes = (value: Buffer) => value;
    const method = (path: string) => ({
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    });
    const Service = makeGenericClientConstructor(
      { publish: method("/prism.v1.PubSubService/Publish"), get: method("/prism.v1.KeyValueService/Get") },
      "unbuilt",
    );
    const address = `127.0.0.1:${variable("PRISM_PROXY_PORT")}`;
    const unbuilt = new Service(address, credentials.createInsecure()) as unknown as Record<
      "publish" | "get" | "close",
      (...args: unknown[]) => void
    >;
    const codeOf = (call: "publish" | "get") =>
      new Promise((resolve) =>
        unbuilt[call](Buffer.alloc(0), new Metadata(), (error: { code: number } | null) =>
          resolve(error?.code),
        ),
      );
    expect(await codeOf("publish")).toBe(status.UNIMPLEMENTED);
    expect(await codeOf("get")).toBe(status.UNIMPLEMENTED);
    unbuilt.close();
  });

  it("what a queue would lose without its pattern is still refused", async () => {
    const namespace = prism.name("too-long");
    await expect(create(asked(namespace, "queue", { retention: "90days" }))).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
    });
  });

  it("one backend that cannot have it takes it back from the others, and frees the name", async () => {
    const namespace = prism.name("in-the-way");
    const client = s3Client();
    await client.send(new CreateBucketCommand({ Bucket: `prism-${namespace}` }));
    const { operation } = await alice.namespaces.create(asked(namespace, "pubsub", videoUploads));
    const operationNow = () => alice.operations.get(operation?.id ?? "");
    await expect.poll(async () => (await operationNow()).state, { timeout: 60_000 }).toBe("failed");
    expect((await operationNow()).error).toMatchObject({ code: "INVALID_CONFIGURATION" });
    // It is somebody else's, and still there.
    expect(await holdings(prism.environment, namespace)).toEqual([`bucket prism-${namespace}`]);
    await client.send(new DeleteBucketCommand({ Bucket: `prism-${namespace}` }));
    client.destroy();
    expect(await create(asked(namespace, "pubsub", videoUploads))).toBe("active");
  });
});
