import { type Environment, required, secret, text, whole, wrong } from "./variables.ts";

export const brokers = (env: Environment): readonly string[] =>
  required(env, "PRISM_KAFKA_BROKERS", "the Kafka brokers, host:port, comma-separated")
    .split(",")
    .map((broker) => broker.trim())
    .filter((broker) => broker !== "");

/** How Prism itself logs in to Kafka; without it brokers are expected to let everybody in. */
export function kafkaSasl(env: Environment) {
  const username = env["PRISM_KAFKA_SASL_USERNAME"];
  if (username === undefined || username === "") return {};
  const name = "PRISM_KAFKA_SASL_MECHANISM";
  const asked = text(env, name, "SCRAM-SHA-512");
  const mechanism = mechanisms.find((each) => each === asked);
  if (mechanism === undefined) throw wrong(name, `must be one of ${mechanisms.join(", ")}, not '${asked}'`);
  const password = secret(env, "PRISM_KAFKA_SASL_PASSWORD", "the password of PRISM_KAFKA_SASL_USERNAME");
  return { kafkaSasl: { mechanism, username, password } };
}

const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

/** Left out: nothing is planned that keeps a schema of its own for a namespace's SQL. */
export const tenantUrl = (env: Environment): string | undefined =>
  env["PRISM_TENANT_URL"] ? separate(env, "PRISM_TENANT_URL", "the tenant database") : undefined;

/**
 * Tenants' data must not live on the server that remembers everything: a lock or a full
 * disk there would stop the event store (design §6).
 */
export function separate(env: Environment, name: string, what: string): string {
  const url = required(env, name, what);
  if (url === env["PRISM_CONTROL_URL"]) {
    throw wrong(name, "is the control database; give it a server of its own");
  }
  return url;
}

/** Backends that a platform may do without: nothing is planned on what is not named here. */
export function optionalBackends(env: Environment) {
  const endpoint = env["PRISM_S3_ENDPOINT"];
  return {
    /** nats://user:password@host:port,host:port; in operator mode user and password are a user's JWT and seed. */
    natsUrl: env["PRISM_NATS_URL"] || undefined,
    redisUrl: env["PRISM_REDIS_URL"] || undefined,
    s3: endpoint ? s3Address(env, endpoint) : undefined,
  };
}

/** With both of them each namespace has an account of its own in NATS; with neither, none has a login there. */
export function natsTrust(env: Environment) {
  const [operator, system] = [env["PRISM_NATS_OPERATOR"], env["PRISM_NATS_SYSTEM"]];
  if (!operator && !system) return undefined;
  const seed = required(env, "PRISM_NATS_OPERATOR", "the seed of a key that the operator of NATS signs with");
  if (!seed.startsWith("SO"))
    throw wrong("PRISM_NATS_OPERATOR", "must be the seed of an operator's key: SO…");
  const user = required(env, "PRISM_NATS_SYSTEM", "a user of NATS' system account, <JWT>:<seed>");
  if (!/^[^:.]+\.[^:.]+\.[^:.]+:SU\w+$/.test(user)) {
    throw wrong("PRISM_NATS_SYSTEM", "must be a user's JWT and seed: <JWT>:SU…");
  }
  return { operator: seed, system: user };
}

const s3Address = (env: Environment, endpoint: string) => ({
  endpoint,
  region: text(env, "PRISM_S3_REGION", "us-east-1"),
  accessKeyId: required(env, "PRISM_S3_ACCESS_KEY_ID", "the access key for PRISM_S3_ENDPOINT"),
  secretAccessKey: required(env, "PRISM_S3_SECRET_ACCESS_KEY", "the secret of PRISM_S3_ACCESS_KEY_ID"),
});

/** Where in S3 the histories of deleted namespaces are kept, and the log's anchors: of this platform alone. */
export const archiveBucket = (env: Environment): string => text(env, "PRISM_ARCHIVE_BUCKET", "prism-archive");

export function inventoryConfig(env: Environment) {
  const { natsUrl, redisUrl, s3 } = optionalBackends(env);
  return {
    /** How many brokers replicas may be spread over. */
    kafkaBrokers: whole(env, "PRISM_KAFKA_BROKER_COUNT", brokers(env).length),
    maxPartitions: whole(env, "PRISM_KAFKA_MAX_PARTITIONS", 256),
    /** How many servers replicas of a stream may be spread over; left out: there is no NATS. */
    ...(natsUrl && { natsServers: whole(env, "PRISM_NATS_SERVER_COUNT", natsUrl.split(",").length) }),
    redis: redisUrl !== undefined,
    tenants: tenantUrl(env) !== undefined,
    s3: s3 !== undefined,
  };
}
