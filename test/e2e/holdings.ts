import { ListBucketsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import {
  Admin,
  ClientQuotaEntityTypes,
  ClientQuotaMatchTypes,
  ConfigResourceTypes,
} from "@platformatic/kafka";
import { Redis } from "ioredis";
import { Client } from "pg";
import { natsAddress } from "../../backends/nats-connection.ts";
import { s3Users } from "../../backends/s3-admin.ts";

type Addresses = Readonly<Record<string, string | undefined>>;

/** One thing on a server, and how it is set up where that can be changed. */
type Held = { readonly name: string; readonly settings?: string };

/** What one server has of what `isOfIt`. */
type Witness = (environment: Addresses, isOfIt: (name: string) => boolean) => Promise<readonly Held[]>;

/**
 * Everything on the servers that bears `part` in its name, as the servers themselves say: Kafka, Postgres,
 * NATS, Redis and S3. The archive of deleted lives is not among it.
 */
export const holdings = async (environment: Addresses, part: string): Promise<readonly string[]> =>
  (await look(environment, part)).map(({ name }) => name);

/** How each thing is set up, by name. Without what a probe wrote into Redis: that ends by itself. */
export const configuration = async (
  environment: Addresses,
  part: string,
): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (await look(environment, part))
      .filter(({ name }) => !name.endsWith(":prism-probe"))
      .map(({ name, settings = "" }) => [name, settings]),
  );

async function look(environment: Addresses, part: string): Promise<readonly Held[]> {
  const plain = (name: string) => name.replaceAll("-", "_");
  const isOfIt = (name: string) => plain(name).includes(plain(part));
  const witnesses: readonly Witness[] = [inKafka, inPostgres, inNats, inRedis, inS3];
  const found = await Promise.all(witnesses.map((witness) => witness(environment, isOfIt)));
  return found
    .flat()
    .filter(({ name }) => isOfIt(lastWord(name)))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Without what it is: a namespace may be called "table". */
const lastWord = (name: string): string => name.slice(name.lastIndexOf(" ") + 1);

const inKafka: Witness = async (environment, isOfIt) => {
  const bootstrapBrokers = (environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
  const admin = new Admin({ clientId: "test", bootstrapBrokers });
  try {
    const components = [
      { entityType: ClientQuotaEntityTypes.CLIENT_ID, matchType: ClientQuotaMatchTypes.ANY, match: null },
    ];
    const quotas = await admin.describeClientQuotas({ components, strict: false });
    const clients = quotas.flatMap(({ entity, values }) =>
      entity.map(({ entityName }) => ({
        name: `client quota ${entityName}`,
        settings: values
          .map(({ key, value }) => `${key}=${value}`)
          .sort()
          .join(" "),
      })),
    );
    const names = (await admin.listTopics()).filter(isOfIt);
    return [...(await Promise.all(names.map((name) => topic(admin, name)))), ...clients];
  } finally {
    await admin.close();
  }
};

async function topic(admin: Admin, name: string): Promise<Held> {
  const { topics } = await admin.metadata({ topics: [name], forceUpdate: true });
  const resources = [
    {
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: name,
      configurationKeys: ["retention.ms", "max.message.bytes", "cleanup.policy"],
    },
  ];
  const [found] = await admin.describeConfigs({ resources });
  const set = (found?.configs ?? []).map(({ name: key, value }) => `${key}=${value}`).sort();
  return {
    name: `topic ${name}`,
    settings: [`partitions=${topics.get(name)?.partitionsCount}`, ...set].join(" "),
  };
}

const inPostgres: Witness = async (environment) => {
  const databases = ["PRISM_DATA_URL", "PRISM_TENANT_URL"].map((name) => inDatabase(environment[name] ?? ""));
  const found = (await Promise.all(databases)).flat().map(({ name }) => name);
  // Roles are the server's: both databases tell of them.
  return [...new Set(found)].map((name) => ({ name }));
};

const inDatabase = async (connectionString: string): Promise<readonly Held[]> => {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select 'table ' || relname as name from pg_class where relkind in ('r', 'p', 'S')
       union all select 'schema ' || nspname from pg_namespace
       union all select 'role ' || rolname from pg_roles`,
    );
    return rows;
  } finally {
    await client.end();
  }
};

const inNats: Witness = async (environment) => {
  const connection = await connect(natsAddress(environment["PRISM_NATS_URL"] ?? "").options);
  try {
    const found: Held[] = [];
    const { streams } = await jetstreamManager(connection);
    for await (const { config } of streams.list()) {
      const { max_age, max_msg_size, subjects } = config;
      const settings = `max_age=${max_age} max_msg_size=${max_msg_size} subjects=${subjects}`;
      found.push({ name: `stream ${config.name}`, settings });
    }
    return found;
  } finally {
    await connection.close();
  }
};

const inRedis: Witness = async (environment) => {
  const redis = new Redis(environment["PRISM_REDIS_URL"] ?? "");
  try {
    const rules = (await redis.call("ACL", "LIST")) as readonly string[];
    // In no certain order: a server that was started again tells them in another one.
    const users = rules.map((rule) => ({
      name: `redis user ${rule.split(" ")[1]}`,
      settings: rule.split(" ").sort().join(" "),
    }));
    const keys = await redis.keys("*");
    return [...users, ...keys.map((key) => ({ name: `redis key ${key}` }))];
  } finally {
    redis.disconnect();
  }
};

const inS3: Witness = async (environment, isOfIt) => {
  const address = {
    endpoint: environment["PRISM_S3_ENDPOINT"] ?? "",
    region: "us-east-1",
    accessKeyId: environment["PRISM_S3_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["PRISM_S3_SECRET_ACCESS_KEY"] ?? "",
  };
  const client = new S3Client({ ...address, credentials: address, forcePathStyle: true });
  try {
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    // Archives and anchors are what is to stay of a namespace that is gone.
    const names = Buckets.map(({ Name = "" }) => Name)
      .filter(isOfIt)
      .filter((name) => name !== environment["PRISM_ARCHIVE_BUCKET"]);
    const within = await Promise.all(
      names.map(async (Bucket) => {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
        return Contents.map(({ Key }) => `object ${Bucket}/${Key}`);
      }),
    );
    const users = await s3Users(address, (_what, _timed, question) => question()).list(patient);
    const logins = [...(users ?? [])].map((user) => `s3 user ${user}`);
    return [...names.map((name) => `bucket ${name}`), ...within.flat(), ...logins].map((name) => ({ name }));
  } finally {
    client.destroy();
  }
};

const patient = {
  signal: new AbortController().signal,
  throwIfOver: () => {},
  leftMs: () => 10_000,
  answered: () => {},
};
