import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { PrismError } from "../domain/errors.ts";
import { checkIdentity, type Identity } from "./mutual-tls.ts";
import { type Peer, samePeer } from "./peer.ts";

/**
 * Everything a process may be told from outside, and the only reader of the environment.
 * Unset servers have no default: a process never starts one, it fails and names the variable.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export type AuthConfig =
  | { readonly kind: "jwks"; readonly url: string; readonly issuer: string; readonly audience: string }
  | { readonly kind: "development"; readonly file: string };

export type ApiConfig = ReturnType<typeof apiConfig>;
export type WorkerConfig = ReturnType<typeof workerConfig>;
export type ProxyConfig = ReturnType<typeof proxyConfig>;

export const apiConfig = (env: Environment) => ({
  host: text(env, "PRISM_API_HOST", "127.0.0.1"),
  /** REST, documentation, metrics. 0 picks a free port. */
  port: whole(env, "PRISM_API_PORT", 8900),
  /** gRPC for proxies, which show their certificates; never takes a user's token. */
  controlPort: whole(env, "PRISM_CONTROL_PORT", 8901),
  controlIdentity: controlIdentity(env, ({ role }) => role === "control"),
  /** Renewed at a third of it. Short enough that a dead proxy leaves the live set while people wait. */
  leaseMs: whole(env, "PRISM_LEASE_MS", 6_000),
  controlUrl: required(env, "PRISM_CONTROL_URL", "the control database"),
  eventStoreUrl: eventStoreUrl(env),
  temporal: temporalConfig(env),
  reconcile: reconcileConfig(env),
  timeouts: timeouts(env),
  auth: authConfig(env),
  /** How often a caller is told that a name is taken by others: enough for people, too few for guessing names. */
  collisionsPerMinute: whole(env, "PRISM_NAME_COLLISIONS_PER_MINUTE", 100),
  inventory: inventoryConfig(env),
  s3: optionalBackends(env).s3,
  archiveBucket: archiveBucket(env),
  /** How often it is noted in the archive what the log is, so that a cut or rewritten one is found. */
  anchorMs: whole(env, "PRISM_ANCHOR_SECONDS", 24 * 3_600) * 1_000,
  shard: homeShard(env),
  dns: dnsConfig(env),
  logLevel: logLevel(env),
});

export const workerConfig = (env: Environment) => ({
  host: text(env, "PRISM_API_HOST", "127.0.0.1"),
  operatorPort: whole(env, "PRISM_WORKER_OPERATOR_PORT", 8991),
  controlUrl: required(env, "PRISM_CONTROL_URL", "the control database"),
  eventStoreUrl: eventStoreUrl(env),
  dataUrl: separate(env, "PRISM_DATA_URL", "the data database"),
  tenantUrl: tenantUrl(env),
  kafkaBrokers: brokers(env),
  ...kafkaSasl(env),
  ...optionalBackends(env),
  natsTrust: natsTrust(env),
  /** What the passwords of namespaces' own logins are derived from; another one gives all of them new passwords. */
  platformSecret: secret(env, "PRISM_SECRET", "the secret that namespaces' own logins are derived from"),
  /** A backend that has not answered by then is called down. Below PRISM_START_TO_CLOSE_MS: no attempt outlives its activity. */
  backendDeadlineMs: whole(env, "PRISM_BACKEND_DEADLINE_MS", 8_000),
  /** How often backends are looked at, for `GET /backends`. */
  backendReportMs: whole(env, "PRISM_BACKEND_REPORT_MS", 10_000),
  controlIdentity: controlIdentity(env, ({ role }) => role === "control"),
  temporal: temporalConfig(env),
  reconcile: reconcileConfig(env),
  inventory: inventoryConfig(env),
  timeouts: timeouts(env),
  shard: homeShard(env),
  /** A folder that keeps the workflows' code, made ready to run. Unset: it is made at each start. */
  workflowCache: env["PRISM_WORKFLOW_CACHE"] || undefined,
  /** How long an attempt waits for proxies to have a namespace in force. */
  proxyPatienceMs: whole(env, "PRISM_PROXY_PATIENCE_MS", 10_000),
  /** How long calls in flight have to end when a namespace is deleted. */
  drainMs: whole(env, "PRISM_DRAIN_MS", 30_000),
  /** How long what its log still holds may take to be relayed then. */
  drainLogMs: whole(env, "PRISM_DRAIN_LOG_MS", 600_000),
  /** How long consumers have to finish what was relayed, when an ordered namespace gets more partitions. */
  barrierMs: whole(env, "PRISM_BARRIER_MS", 600_000),
  archiveBucket: archiveBucket(env),
  /** How long a plan waits for approval. */
  approvalMs: whole(env, "PRISM_APPROVAL_SECONDS", 30 * 24 * 3_600) * 1_000,
  /** Activities under way when the process is told to stop get this long to end. */
  shutdownGraceMs: whole(env, "PRISM_SHUTDOWN_GRACE_MS", 10_000),
  /** `<step>:<before|after|recorded>:<namespace>`: the process kills itself there. For tests of crashes. */
  failpoint: env["PRISM_FAILPOINT"],
  logLevel: logLevel(env),
});

export const proxyConfig = (env: Environment) => ({
  ...proxyIdentity(env),
  host: text(env, "PRISM_PROXY_HOST", "127.0.0.1"),
  proxyPort: whole(env, "PRISM_PROXY_PORT", 8980),
  operatorPort: whole(env, "PRISM_PROXY_OPERATOR_PORT", 8990),
  /** gRPC for the control plane's probes alone, by certificate. */
  probePort: whole(env, "PRISM_PROXY_PROBE_PORT", 8981),
  /** host:port of the control plane's DirectoryService. */
  controlAddress: text(env, "PRISM_CONTROL_ADDRESS", "127.0.0.1:8901"),
  region: text(env, "PRISM_REGION", "local"),
  /** host:port as clients reach this proxy; default: where it listens. */
  advertise: env["PRISM_PROXY_ADVERTISE"] || undefined,
  /** Holds the copy of the directory that lets a restart serve without control plane. */
  dataDir: required(env, "PRISM_PROXY_DATA_DIR", "a folder for the proxy's copy of the directory"),
  kafkaBrokers: brokers(env),
  ...kafkaSasl(env),
  ...optionalBackends(env),
  dataUrl: separate(env, "PRISM_DATA_URL", "the data database, where logs are kept"),
  /** How long a log keeps what is in the broker: an acknowledgement there is no fsync, and so long it can be sent again. */
  logWindowMs: whole(env, "PRISM_LOG_WINDOW_MS", 3_600_000),
  tenantUrl: tenantUrl(env),
  auth: authConfig(env),
  failpoint: env["PRISM_FAILPOINT"],
  logLevel: logLevel(env),
});

/** What the command line may be told; each is found out where it is unset. */
export const cliConfig = (env: Environment) => ({
  /** Default: the stack that runs for this checkout. */
  api: env["PRISM_API_URL"] || undefined,
  token: env["PRISM_TOKEN"] || undefined,
  developmentIssuer: env["PRISM_DEV_ISSUER"] || undefined,
});

/** Discovery by DNS, UDP and TCP. Unset: there is none. */
function dnsConfig(env: Environment): { readonly port: number; readonly domain: string } | undefined {
  if (!env["PRISM_DNS_PORT"]) return undefined;
  const domain = required(env, "PRISM_DNS_DOMAIN", "the domain of the names it answers, such as example.com");
  return { port: whole(env, "PRISM_DNS_PORT", 0), domain: domain.replace(/^\.+|\.+$/g, "") };
}

/** It takes namespaces also where nobody has defined a shard. */
const homeShard = (env: Environment): string => text(env, "PRISM_SHARD", "shard-1");

function temporalConfig(env: Environment) {
  return {
    address: required(env, "PRISM_TEMPORAL_ADDRESS", "the Temporal server"),
    namespace: text(env, "PRISM_TEMPORAL_NAMESPACE", "default"),
    taskQueue: text(env, "PRISM_TASK_QUEUE", "prism"),
    /** Only for links that people follow. */
    uiUrl: text(env, "PRISM_TEMPORAL_UI_URL", "http://127.0.0.1:8233"),
  };
}

const reconcileConfig = (env: Environment) => ({
  /** How often what there is is compared with what there should be; 0: only when somebody asks. */
  everyMs: whole(env, "PRISM_RECONCILE_SECONDS", 600) * 1_000,
  /** Where several Prisms share one Temporal namespace, each has to be called otherwise. */
  workflowId: `reconcile/${text(env, "PRISM_FLEET", "fleet")}`,
});

/** How soon a killed worker is noticed. Tests set them to a second. */
function timeouts(env: Environment) {
  return {
    heartbeatMs: whole(env, "PRISM_HEARTBEAT_MS", 10_000),
    stickyMs: whole(env, "PRISM_STICKY_MS", 10_000),
    startToCloseMs: whole(env, "PRISM_START_TO_CLOSE_MS", 60_000),
    /** Then the operation parks. With backoff up to ten seconds: ten minutes and more of trying. */
    stepAttempts: whole(env, "PRISM_STEP_ATTEMPTS", 64),
    /** Then what could not be undone is reported. With backoff up to a minute: an hour of trying. */
    undoAttempts: whole(env, "PRISM_UNDO_ATTEMPTS", 68),
  };
}

/** Backends that a platform may do without: nothing is planned on what is not named here. */
function optionalBackends(env: Environment) {
  const endpoint = env["PRISM_S3_ENDPOINT"];
  return {
    /** nats://user:password@host:port,host:port; in operator mode user and password are a user's JWT and seed. */
    natsUrl: env["PRISM_NATS_URL"] || undefined,
    redisUrl: env["PRISM_REDIS_URL"] || undefined,
    s3: endpoint ? s3Address(env, endpoint) : undefined,
  };
}

/** With both of them each namespace has an account of its own in NATS; with neither, none has a login there. */
function natsTrust(env: Environment) {
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
const archiveBucket = (env: Environment): string => text(env, "PRISM_ARCHIVE_BUCKET", "prism-archive");

function inventoryConfig(env: Environment) {
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

function authConfig(env: Environment): AuthConfig {
  const url = env["PRISM_JWKS_URL"];
  if (url === undefined || url === "") {
    return { kind: "development", file: required(env, "PRISM_DEV_ISSUER", "the development issuer's key") };
  }
  return {
    kind: "jwks",
    url,
    issuer: required(env, "PRISM_JWT_ISSUER", "the issuer of the tokens"),
    audience: required(env, "PRISM_JWT_AUDIENCE", "the audience of the tokens"),
  };
}

const eventStoreUrl = (env: Environment): string =>
  env["PRISM_EVENTSTORE_URL"] || required(env, "PRISM_CONTROL_URL", "the control database");

/**
 * Tenants' data must not live on the server that remembers everything: a lock or a full
 * disk there would stop the event store (design §6).
 */
function separate(env: Environment, name: string, what: string): string {
  const url = required(env, name, what);
  if (url === env["PRISM_CONTROL_URL"]) {
    throw wrong(name, "is the control database; give it a server of its own");
  }
  return url;
}

/** Left out: nothing is planned that keeps a schema of its own for a namespace's SQL. */
const tenantUrl = (env: Environment): string | undefined =>
  env["PRISM_TENANT_URL"] ? separate(env, "PRISM_TENANT_URL", "the tenant database") : undefined;

const brokers = (env: Environment): readonly string[] =>
  required(env, "PRISM_KAFKA_BROKERS", "the Kafka brokers, host:port, comma-separated")
    .split(",")
    .map((broker) => broker.trim())
    .filter((broker) => broker !== "");

const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

/** How Prism itself logs in to Kafka; without it brokers are expected to let everybody in. */
function kafkaSasl(env: Environment) {
  const username = env["PRISM_KAFKA_SASL_USERNAME"];
  if (username === undefined || username === "") return {};
  const name = "PRISM_KAFKA_SASL_MECHANISM";
  const asked = text(env, name, "SCRAM-SHA-512");
  const mechanism = mechanisms.find((each) => each === asked);
  if (mechanism === undefined) throw wrong(name, `must be one of ${mechanisms.join(", ")}, not '${asked}'`);
  const password = secret(env, "PRISM_KAFKA_SASL_PASSWORD", "the password of PRISM_KAFKA_SASL_USERNAME");
  return { kafkaSasl: { mechanism, username, password } };
}

/** From a file: what is in the environment is seen by more than its process. */
const secret = (env: Environment, name: string, what: string): string =>
  file(env, name, what).toString("utf8").trim();

/** A certificate is for one proxy of one shard: no other can hold its lease. */
function proxyIdentity(env: Environment) {
  const proxyId = text(env, "PRISM_PROXY_ID", `proxy-${hostname()}-${env["PRISM_PROXY_PORT"] ?? 8980}`);
  const shard = text(env, "PRISM_SHARD", "shard-1");
  const own: Peer = { role: "proxy", shard, id: proxyId };
  return { proxyId, shard, controlIdentity: controlIdentity(env, (peer) => samePeer(peer, own)) };
}

/** What this process shows Prism's other processes: files in PEM. */
function controlIdentity(env: Environment, isOurs: (peer: Peer) => boolean): Identity {
  const identity = {
    ca: file(env, "PRISM_CONTROL_CA", "the certificate of the CA that Prism's processes trust"),
    cert: file(env, "PRISM_CONTROL_CERT", "the certificate this process shows the others"),
    key: file(env, "PRISM_CONTROL_KEY", "the key of that certificate"),
  };
  checkIdentity(identity, isOurs);
  return identity;
}

function file(env: Environment, name: string, what: string): Buffer {
  const path = required(env, name, `a file with ${what}`);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw wrong(name, `names a file that cannot be read: ${path}`, cause);
  }
}

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"];

function logLevel(env: Environment): string {
  const level = text(env, "PRISM_LOG_LEVEL", "info");
  if (!logLevels.includes(level))
    throw wrong("PRISM_LOG_LEVEL", `must be one of ${logLevels.join(", ")}, not '${level}'`);
  return level;
}

const text = (env: Environment, name: string, otherwise: string): string => env[name] || otherwise;

function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw wrong(name, `is not set: it names ${what}`);
  return value;
}

function whole(env: Environment, name: string, otherwise: number): number {
  const value = env[name];
  if (value === undefined || value === "") return otherwise;
  if (!/^\d{1,9}$/.test(value)) throw wrong(name, `must be a whole number, not '${value}'`);
  return Number(value);
}

const wrong = (name: string, problem: string, cause?: unknown): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `${name} ${problem}`, { details: { field: name }, cause });
