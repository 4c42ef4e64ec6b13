import { hostname } from "node:os";
import {
  archiveBucket,
  brokers,
  inventoryConfig,
  kafkaSasl,
  natsTrust,
  optionalBackends,
  separate,
  tenantUrl,
} from "./backend-config.ts";
import { checkIdentity, type Identity } from "./mutual-tls.ts";
import { type Peer, samePeer } from "./peer.ts";
import type { TracingConfig } from "./tracing.ts";
import { type Environment, file, required, secret, text, whole, wrong } from "./variables.ts";

// Everything a process may be told from outside. Unset servers have no default: a process never
// starts one, it fails and names the variable.

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
  staleMs: staleMs(env),
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
  tracing: tracingConfig(env),
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
  staleMs: staleMs(env),
  /** How long calls in flight have to end when a namespace is deleted. */
  drainMs: whole(env, "PRISM_DRAIN_MS", 30_000),
  /** How long clients have to hear that a namespace is moved before its old shard sends them away: the SDK asks every 10 s. */
  moveGraceMs: whole(env, "PRISM_MOVE_GRACE_MS", 15_000),
  /** How long what its log still holds may take to be relayed then. */
  drainLogMs: whole(env, "PRISM_DRAIN_LOG_MS", 600_000),
  /** How long consumers have to finish what was relayed, when an ordered namespace gets more partitions. */
  barrierMs: whole(env, "PRISM_BARRIER_MS", 600_000),
  archiveBucket: archiveBucket(env),
  /** How long a plan waits for approval. */
  approvalMs: whole(env, "PRISM_APPROVAL_SECONDS", 30 * 24 * 3_600) * 1_000,
  /** Activities under way when the process is told to stop get this long to end. */
  shutdownGraceMs: whole(env, "PRISM_SHUTDOWN_GRACE_MS", 10_000),
  /** Where attempts end, for tests of what that leaves behind (`activities/failpoint.ts`). */
  failpoint: env["PRISM_FAILPOINT"],
  tracing: tracingConfig(env),
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
  /** What messages that wait for consumers, or for their acknowledgements, may keep in memory; then reading pauses. */
  namespaceDeliveryBytes: whole(env, "PRISM_NAMESPACE_DELIVERY_MIB", 64) * 1024 * 1024,
  proxyDeliveryBytes: whole(env, "PRISM_PROXY_DELIVERY_MIB", 256) * 1024 * 1024,
  tenantUrl: tenantUrl(env),
  auth: authConfig(env),
  failpoint: env["PRISM_FAILPOINT"],
  tracing: tracingConfig(env),
  logLevel: logLevel(env),
});

/** OpenTelemetry's own names. Unset: there are no spans. */
function tracingConfig(env: Environment): TracingConfig | undefined {
  const endpoint = env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (!endpoint) return undefined;
  const name = "OTEL_TRACES_SAMPLER_ARG";
  // Of the traces that begin in Prism; one that a caller has begun is theirs to decide.
  const share = Number(text(env, name, "1"));
  if (!(share >= 0 && share <= 1)) throw wrong(name, `must be between 0 and 1, not '${env[name]}'`);
  return { endpoint, share };
}

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

/**
 * How long proxies serve on without the control plane, but for namespaces that must not be served so at all. API and
 * workers have to agree: whoever takes a right away waits so long for a proxy that is silent.
 */
const staleMs = (env: Environment): number => whole(env, "PRISM_STALE_LIMIT_SECONDS", 15 * 60) * 1_000;

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

/** A certificate is for one proxy of one shard: no other can hold its lease. */
function proxyIdentity(env: Environment) {
  const proxyId = text(env, "PRISM_PROXY_ID", `proxy-${hostname()}-${env["PRISM_PROXY_PORT"] ?? 8980}`);
  const shard = homeShard(env);
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

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"];

function logLevel(env: Environment): string {
  const level = text(env, "PRISM_LOG_LEVEL", "info");
  if (!logLevels.includes(level))
    throw wrong("PRISM_LOG_LEVEL", `must be one of ${logLevels.join(", ")}, not '${level}'`);
  return level;
}
