import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Call } from "../../backends/backend.ts";
import { kafka } from "../../backends/kafka.ts";
import { logins } from "../../backends/logins.ts";
import { nats } from "../../backends/nats.ts";
import { postgres } from "../../backends/postgres.ts";
import { redis } from "../../backends/redis.ts";
import { s3 } from "../../backends/s3.ts";
import type { BackendKind, Resource } from "../../domain/plan.ts";
import { postgresPool } from "../../eventstore/postgres/pool.ts";
import { soaking } from "../eventstore/soaking.ts";
import { awake } from "./awake.ts";
import { brokenNetwork, type Trouble } from "./broken-network.ts";
import { freshName } from "./contract.ts";
import { kafkaWithLogins } from "./kafka-with-logins.ts";
import { natsGiven } from "./nats-given.ts";

type Network = Awaited<ReturnType<typeof brokenNetwork>>;
type Subject = {
  readonly network: Network;
  /** Over the network, and impatient. */
  readonly far: Backend;
  /** Beside the server. */
  readonly near: Backend;
  readonly resource: (name: string) => Resource;
  /** That it asks over in turn; each finds out by itself that it was forgotten. Left out: one. */
  readonly connections?: number;
  readonly close?: () => Promise<void>;
};

const own = { logins: logins("a secret of this test") };
const [impatient, patient] = [
  { ...own, deadlineMs: 600 },
  { ...own, deadlineMs: 15_000 },
];
const given = (name: string): URL => new URL(process.env[name] ?? "");
const through = (url: URL, { port }: Network): string => {
  const other = new URL(url);
  other.port = String(port);
  return other.href.replace(/\/$/, "");
};
const networkTo = (url: URL): Promise<Network> =>
  brokenNetwork({ host: url.hostname, port: Number(url.port) });
const plan = (backend: BackendKind, kind: string, name: string, config: Resource["config"]): Resource => ({
  backend,
  kind,
  name,
  config,
});

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  async postgres() {
    const url = given("PRISM_DATA_URL");
    const network = await networkTo(url);
    const poolAt = (at: string, { deadlineMs }: typeof patient) =>
      postgresPool(at, { connections: 3, statementMs: deadlineMs });
    return {
      network,
      far: postgres({ ...impatient, pool: poolAt(through(url, network), impatient) }),
      near: postgres({ ...patient, pool: poolAt(url.href, patient) }),
      resource: (name) =>
        plan("postgres", "wal-table", `wal_${name.replaceAll("-", "_")}`, { database: "data" }),
    };
  },
  async redis() {
    const url = given("PRISM_REDIS_URL");
    const network = await networkTo(url);
    return {
      network,
      far: redis({ ...impatient, url: through(url, network) }),
      near: redis({ ...patient, url: url.href }),
      resource: (name) => plan("redis", "acl-user", name, { prefix: `${name}:` }),
    };
  },
  async nats() {
    const url = given("PRISM_NATS_URL");
    const { trust } = natsGiven(process.env);
    const network = await networkTo(url);
    return {
      network,
      far: nats({ ...impatient, trust, url: through(url, network) }),
      near: nats({ ...patient, trust, url: url.href }),
      // One to its streams, and one to where its accounts are.
      connections: 2,
      resource: (name) =>
        plan("nats", "stream", `${name}-pubsub`, {
          subject: `${name}.>`,
          replicas: 1,
          retention: "7days",
          max_message_size: "1MB",
        }),
    };
  },
  async s3() {
    const url = given("PRISM_S3_ENDPOINT");
    const network = await networkTo(url);
    const address = {
      region: "us-east-1",
      accessKeyId: process.env["PRISM_S3_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: process.env["PRISM_S3_SECRET_ACCESS_KEY"] ?? "",
    };
    return {
      network,
      far: s3({ ...own, deadlineMs: 1_500, address: { ...address, endpoint: through(url, network) } }),
      near: s3({ ...patient, address: { ...address, endpoint: url.origin } }),
      resource: (name) =>
        plan("s3", "bucket-prefix", `prism-${name}/claims/`, { bucket: `prism-${name}`, prefix: "claims/" }),
    };
  },
  async kafka() {
    // Brokers send clients to the address that they advertise, so this one advertises the network.
    const target = { host: "127.0.0.1", port: 0 };
    const network = await brokenNetwork(target);
    const server = await kafkaWithLogins(network.port);
    target.port = Number(server.brokers[0]?.split(":")[1]);
    const cluster = { brokers: [`127.0.0.1:${network.port}`], sasl: server.admin };
    return {
      network,
      far: kafka({ ...own, deadlineMs: 1_500, ...cluster }),
      near: kafka({ ...patient, ...cluster }),
      resource: (name) => plan("kafka", "topic", name, { partitions: 1, replication: 1, settings: {} }),
      connections: 3,
      close: server.close,
    };
  },
};

const troubles: readonly Trouble[] = [
  { kind: "latency", ms: 15 },
  ...[0, 2, 5, 9].flatMap((after): readonly Trouble[] => [
    { kind: "reset", after },
    { kind: "half-open", after },
    { kind: "black hole", after },
  ]),
];
const named = troubles.map((trouble) => ({
  trouble,
  name: "after" in trouble ? `${trouble.kind} after ${trouble.after} answers` : trouble.kind,
}));

/** All of them in `npm run soak`; a third, each in another place of the count, in `npm test`. */
const tries = soaking ? named : named.filter((_, index) => index % 4 === 0);

describe.each(Object.keys(subjects))("a broken network before %s", (kind) => {
  let subject: Subject;
  const mine: string[] = [];
  const callOf = (namespace: string, claim: Call["claim"] = { intended: true }): Call => ({
    owner: { namespace, incarnation: 1 },
    claim,
    signal: new AbortController().signal,
  });
  beforeAll(async () => {
    subject = await (subjects[kind] as () => Promise<Subject>)();
    // A Kafka of its own may be slow to come up.
  }, 120_000);
  afterAll(async () => {
    await subject?.network.close();
    await Promise.all([subject?.far.close().catch(() => {}), subject?.near.close().catch(() => {})]);
    await subject?.close?.();
  });

  /** The verb while there is trouble; it answers, or says in time that the backend does not. */
  const tried = async (trouble: Trouble, verb: "ensure" | "remove", resource: Resource, call: Call) => {
    subject.network.be(trouble);
    const waited = awake();
    const outcome = await subject.far[verb](resource, call).then(
      () => "answered",
      ({ code }: { code: string }) => code,
    );
    expect(["answered", "BACKEND_UNAVAILABLE"]).toContain(outcome);
    // A removal's time begins anew with each answer, and it has few.
    expect(waited.ms()).toBeLessThan(10 * subject.far.deadlineMs);
    waited.stop();
    subject.network.be({ kind: "none" });
  };

  /** As an activity is: what is not available is asked again. Kafka's near side goes over the network too. */
  const repeated = async <T>(body: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await body();
      } catch (error) {
        if ((error as { code?: string }).code !== "BACKEND_UNAVAILABLE" || attempt === 10) throw error;
      }
    }
  };

  it.each(tries)("$name: what is begun is finished, once, and removed whole", async ({ trouble }) => {
    const namespace = freshName("net-").toLowerCase();
    mine.push(namespace);
    const resource = subject.resource(namespace);
    await tried(trouble, "ensure", resource, callOf(namespace));
    const { identity } = await repeated(() => subject.near.ensure(resource, callOf(namespace)));
    const recorded = callOf(namespace, { intended: false, identity });
    await expect.poll(() => subject.near.observe(resource, recorded)).toEqual({ state: "ready", identity });
    await tried(trouble, "remove", resource, recorded);
    expect(await repeated(() => subject.near.remove(resource, recorded))).toEqual({ removed: true });
    await expect
      .poll(() => subject.near.observe(resource, callOf(namespace, { intended: false })))
      .toEqual({ state: "absent" });
  });

  it("does not stay with a connection that was forgotten on the way", async () => {
    const [resource, call] = [subject.resource("net-none"), callOf("net-none", { intended: false })];
    expect(await repeated(() => subject.far.observe(resource, call))).toEqual({ state: "absent" });
    subject.network.forget();
    // Only by its silence can it be told from one that works.
    for (let { connections = 1 } = subject; connections > 0; connections--)
      await subject.far.observe(resource, call).catch(() => {});
    // It is impatient: a busy machine may keep it waiting once more, a forgotten connection would every time.
    expect(await repeated(() => subject.far.observe(resource, call))).toEqual({ state: "absent" });
  });

  it("leaves nothing that shows later", async () => {
    for (const namespace of mine) {
      const call = callOf(namespace, { intended: false });
      const seen = await repeated(() => subject.near.observe(subject.resource(namespace), call));
      expect(seen).toEqual({ state: "absent" });
    }
  });
});
