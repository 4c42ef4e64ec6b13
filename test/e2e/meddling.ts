import { readFileSync } from "node:fs";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from "@platformatic/kafka";
import { Redis } from "ioredis";
import type { Owner } from "../../backends/backend.ts";
import { kafka } from "../../backends/kafka.ts";
import { logins } from "../../backends/logins.ts";
import { nats } from "../../backends/nats.ts";
import { natsAddress } from "../../backends/nats-connection.ts";
import { postgres } from "../../backends/postgres.ts";
import { postgresRole } from "../../backends/postgres-role.ts";
import { inTransaction } from "../../backends/postgres-transaction.ts";
import { redis } from "../../backends/redis.ts";
import { s3 } from "../../backends/s3.ts";
import { s3Users } from "../../backends/s3-admin.ts";
import type { BackendKind, Resource } from "../../domain/plan.ts";
import { loginKind } from "../../domain/reconcile/thing.ts";
import { natsStream, natsSubject } from "../../domain/selection/names.ts";
import { testPool } from "../setup/test-pool.ts";

type Addresses = Readonly<Record<string, string | undefined>>;

/** Where a login may outlive what it leads to. */
type LoginKeeper = "postgres" | "nats" | "s3";

const signal = new AbortController().signal;
const patient = { signal, throwIfOver: () => {}, leftMs: () => 30_000, answered: () => {} };

/** Somebody who changes things on the servers behind Prism's back, with the servers' own clients. */
export async function meddling(environment: Addresses) {
  const variable = (name: string): string => environment[name] ?? "";
  const brokers = variable("PRISM_KAFKA_BROKERS").split(",");
  const common = {
    logins: logins(readFileSync(variable("PRISM_SECRET"), "utf8").trim()),
    deadlineMs: 30_000,
  };
  const address = {
    endpoint: variable("PRISM_S3_ENDPOINT"),
    region: "us-east-1",
    accessKeyId: variable("PRISM_S3_ACCESS_KEY_ID"),
    secretAccessKey: variable("PRISM_S3_SECRET_ACCESS_KEY"),
  };
  const [operator, system] = [variable("PRISM_NATS_OPERATOR"), variable("PRISM_NATS_SYSTEM")];
  const trust = operator === "" ? undefined : { operator, system };
  const pool = testPool({ connectionString: variable("PRISM_DATA_URL"), max: 3 });
  const backends = {
    kafka: kafka({ ...common, brokers }),
    postgres: postgres({ ...common, pool }),
    nats: nats({ ...common, url: variable("PRISM_NATS_URL"), trust }),
    redis: redis({ ...common, url: variable("PRISM_REDIS_URL") }),
    s3: s3({ ...common, address }),
  };
  const role = postgresRole(common.logins);
  const admin = new Admin({ clientId: "test", bootstrapBrokers: brokers });
  const commands = new Redis(variable("PRISM_REDIS_URL"));
  const connection = await connect(natsAddress(variable("PRISM_NATS_URL")).options);
  const { streams } = await jetstreamManager(connection);
  const objects = new S3Client({ ...address, credentials: address, forcePathStyle: true });

  const changes: Readonly<Record<BackendKind, (resource: Resource) => Promise<unknown>>> = {
    async kafka({ name: resourceName }) {
      const configOperation = IncrementalAlterConfigOperationTypes.SET;
      const configs = [{ name: "retention.ms", value: "1000", configOperation }];
      const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName, configs }];
      await admin.incrementalAlterConfigs({ resources });
    },
    postgres: ({ name }) => pool.query(`grant select on ${name} to public`),
    nats: ({ name }) => streams.update(`${name}_1`, { max_msgs: 7 }),
    redis: ({ name }) => commands.call("ACL", "SETUSER", name, "off"),
    s3({ config }) {
      const Bucket = String(config["bucket"]);
      const open = {
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${Bucket}/*`,
      };
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [open] });
      return objects.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
  };
  const strangers: Readonly<Record<BackendKind, (name: string) => Promise<unknown>>> = {
    kafka: (name) => admin.createTopics({ topics: [name], partitions: 1, replicas: 1 }),
    postgres: (name) => pool.query(`create table "${name}" (precious text)`),
    nats: (name) => streams.add({ name, subjects: [`${name}.x`] }),
    redis: (name) => commands.call("ACL", "SETUSER", name, "on", ">theirs"),
    s3: (Bucket) => objects.send(new CreateBucketCommand({ Bucket })),
  };
  const farewells: Readonly<Record<BackendKind, (name: string) => Promise<unknown>>> = {
    kafka: (name) => admin.deleteTopics({ topics: [name] }),
    postgres: (name) => pool.query(`drop table "${name}"`),
    nats: (name) => streams.delete(name),
    redis: (name) => commands.call("ACL", "DELUSER", name),
    s3: (Bucket) => objects.send(new DeleteBucketCommand({ Bucket })),
  };
  const lone: Readonly<Record<LoginKeeper, (owner: Owner) => Promise<unknown>>> = {
    postgres: (owner) => inTransaction(pool, "make a role", patient, (query) => role.login(query, owner)),
    async nats(owner) {
      const config = {
        subject: natsSubject(owner.namespace),
        replicas: 1,
        retention: "7days",
        max_message_size: "1MB",
      };
      const name = natsStream(owner.namespace);
      await backends.nats.ensure({ backend: "nats", kind: "stream", name, config }, claimed(owner));
      await streams.delete(`${name}_${owner.incarnation}`);
    },
    s3: (owner) => {
      const { user, password } = common.logins("s3", owner);
      return s3Users(address, (_what, _timed, question) => question()).set(user, password, patient);
    },
  };
  const claimed = (owner: Owner, identity?: string) => ({
    owner,
    claim: identity === undefined ? { intended: true } : { intended: false, identity },
    signal,
  });

  return {
    /** It carries the owner's tag, and no plan has it. */
    plant: (resource: Resource, owner: Owner) => backends[resource.backend].ensure(resource, claimed(owner)),
    /** It goes, with all that is its own. */
    lose: (resource: Resource, owner: Owner, identity?: string) =>
      backends[resource.backend].remove(resource, claimed(owner, identity)),
    /** A login of that life, as Prism makes it, and nothing beside. */
    loneLogin: (backend: LoginKeeper, owner: Owner) => lone[backend](owner),
    /** Such a one goes again. */
    async loseLogin(backend: LoginKeeper, name: string, owner: Owner) {
      const things = await backends[backend].list(signal);
      const identity = things.find((thing) => thing.kind === loginKind && thing.name === name)?.identity;
      const login = { backend, kind: loginKind, name, config: {} };
      return backends[backend].remove(login, claimed(owner, identity));
    },
    change: (resource: Resource) => changes[resource.backend](resource),
    /** Something of that name that nobody says is Prism's. */
    stranger: (backend: BackendKind, name: string) => strangers[backend](name),
    farewell: (backend: BackendKind, name: string) => farewells[backend](name),
    /** More partitions than planned: they never shrink. */
    widen: (name: string) => admin.createPartitions({ topics: [{ name, count: 3 }] }),
    async close() {
      await Promise.all(Object.values(backends).map((backend) => backend.close()));
      await admin.close();
      await connection.close();
      commands.disconnect();
      objects.destroy();
    },
  };
}

export type Meddling = Awaited<ReturnType<typeof meddling>>;
