import type { KafkaSasl } from "../backends/kafka-connection.ts";
import { kafkaHealth } from "../backends/kafka-log.ts";
import { logsBehind } from "../backends/write-ahead-log/behind.ts";
import { checkDurable, dataPool } from "../backends/write-ahead-log/data-pool.ts";
import { leadership } from "../backends/write-ahead-log/leadership.ts";
import { PrismError } from "../domain/errors.ts";
import { State } from "../proto/gen/prism/control/v1/control_pb.js";
import type { Authority } from "../runtime/auth.ts";
import type { Log } from "../runtime/log.ts";
import { type Identity, toPeer } from "../runtime/mutual-tls.ts";
import { type OperatorServer, operatorServer } from "../runtime/operator-server.ts";
import { admission } from "./admission.ts";
import { calls } from "./calls.ts";
import { watchCondition } from "./condition.ts";
import { connector } from "./connect.ts";
import { crowding } from "./crowding.ts";
import { deliveryMemory } from "./delivery-memory.ts";
import { deliveryMetrics } from "./delivery-metrics.ts";
import { type Directory, directory } from "./directory.ts";
import { diskCopy } from "./disk-copy.ts";
import { drainage } from "./drainage.ts";
import { failpoint } from "./failpoint.ts";
import { lateRefusals } from "./late-refusals.ts";
import { lease } from "./lease.ts";
import { limits } from "./limits.ts";
import { logMetrics } from "./log-metrics.ts";
import { lookout } from "./lookout.ts";
import { metrics } from "./metrics.ts";
import { probeService } from "./probe.ts";
import { probeServer } from "./probe-server.ts";
import { queueService } from "./queue.ts";
import { type ServeDependencies, type Served, serve, stop } from "./served.ts";
import { grpcServer } from "./server.ts";
import { turns } from "./turns.ts";
import { watch } from "./watch.ts";

export type ProxyOptions = {
  readonly proxyId: string;
  readonly shard: string;
  readonly region: string;
  readonly host: string;
  /** 0 picks a free one, of all three. */
  readonly proxyPort: number;
  readonly operatorPort: number;
  readonly probePort: number;
  /** host:port as clients reach it; default: where it listens. */
  readonly advertise: string | undefined;
  readonly controlAddress: string;
  /** What it shows the control plane, and the CA whose peers it believes. */
  readonly controlIdentity: Identity;
  readonly dataDir: string;
  readonly kafkaBrokers: readonly string[];
  /** Where logs are kept. */
  readonly dataUrl: string;
  /** How long a log keeps what is in the broker. Default: an hour. */
  readonly logWindowMs?: number;
  /** Where tenants' SQL runs. Left out where there is none. */
  readonly tenantUrl?: string | undefined;
  readonly failpoint?: string | undefined;
  /** How long a delivery may go unacknowledged. Default 30 s. */
  readonly ackDeadlineMs?: number;
  /** What deliveries of one namespace, and of all, may keep in memory. Default: 64 MiB and 256 MiB. */
  readonly namespaceDeliveryBytes?: number;
  readonly proxyDeliveryBytes?: number;
  /** Left out where brokers let everybody in. */
  readonly kafkaSasl?: KafkaSasl;
  /** Left out where there is none. */
  readonly natsUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly authority: Authority;
  readonly log: Log;
  /** How often streams are looked at for what no message announces: a lease that has run out. */
  readonly recheckMs?: number;
};

export interface Proxy {
  readonly port: number;
  readonly probePort: number;
  readonly operatorPort: number;
  /** In the order in which a proxy goes: first nothing new, then what is under way, last what that needs. */
  readonly stopping: readonly { readonly name: string; readonly stop: () => Promise<unknown> | unknown }[];
}

const drainMs = 10_000;
// How long what another proxy has logged may wait for its relay.
const lookMs = 250;
const defaultRecheckMs = 1_000;

/** The data plane: puts the directory into force and serves what it says. */
export async function proxy(options: ProxyOptions): Promise<Proxy> {
  const { proxyId, log, kafkaBrokers, kafkaSasl } = options;
  const cluster = { brokers: kafkaBrokers, ...(kafkaSasl && { sasl: kafkaSasl }) };
  const measured = metrics();
  const leased = lease();
  let stopping = false;
  const copy = diskCopy({ folder: options.dataDir, log });
  const kafka = kafkaHealth(cluster, `prism.${proxyId}`);
  const data = dataPool(options.dataUrl, `prism-${proxyId}`);
  const tenants =
    options.tenantUrl === undefined ? undefined : dataPool(options.tenantUrl, `prism-${proxyId}`);
  const drains = drainage({
    leadership: leadership(options.dataUrl, `prism-${proxyId}-leader`),
    calls: () => table.all().reduce((sum, served) => sum + served.calls.open, 0),
    changed(draining) {
      if (stopping) return;
      log.info(draining ? "this proxy drains" : "this proxy is in use again");
      server.setServing(!draining && table.known);
      if (draining) handling.endAll(leavingNow("drains"));
      else handling.reopen();
    },
  });
  const leads = drains.leadership;
  const points = failpoint(options.failpoint);
  const logs = logMetrics(measured.registry);
  const glances = lookout(() => logsBehind(data), { everyMs: lookMs });
  const serving: ServeDependencies = {
    proxy: proxyId,
    tools: {
      data,
      lookout: glances,
      windowMs: options.logWindowMs,
      failpoint: points,
      metrics: logs,
    },
    leadership: leads,
    memory: deliveryMemory({
      namespaceBytes: options.namespaceDeliveryBytes,
      proxyBytes: options.proxyDeliveryBytes,
      metrics: deliveryMetrics(measured.registry),
    }),
    took: measured.passed,
    ...(options.ackDeadlineMs === undefined ? {} : { ackDeadlineMs: options.ackDeadlineMs }),
    connect: connector({ cluster, data, tenants, natsUrl: options.natsUrl, redisUrl: options.redisUrl }),
    troubled(namespace: string, error: Error) {
      const backend = backendOf(error);
      measured.backendError(namespace, backend);
      log.warn({ namespace, backend, error: error.message, cause: String(error.cause) }, "backend trouble");
    },
  };
  const allowed = limits({ proxies: () => leased.proxies });
  const table = directory<Served>({
    serve: (entry, before) => serve(serving, entry, before),
    stop(served) {
      allowed.forget(served.entry.namespace);
      void stop(served);
    },
  });
  const crowds = crowding();
  const handling = calls({
    limits: allowed,
    lateRefusals: lateRefusals(),
    crowding: crowds,
    admission: admission({ authority: options.authority, directory: table, lease: leased }),
    metrics: measured,
    log,
  });
  const server = await grpcServer({
    host: options.host,
    port: options.proxyPort,
    queue: queueService({ calls: handling, limits: allowed, turns: turns({ took: measured.worked }) }),
  });
  const probing = await probeServer({
    host: options.host,
    port: options.probePort,
    identity: options.controlIdentity,
    probe: probeService({ directory: table, log }),
  });
  table.onChange(() => {
    server.setServing(!drains.draining && !stopping);
    measured.show(servingBackends(table));
    handling.recheck();
  });

  // What it knew before a restart is served before anybody is asked.
  const known = await copy.load();
  if (known !== undefined) {
    leased.inherit(known.leaseUntilMs - Date.now());
    table.replace(known.snapshot);
    log.info({ version: String(table.version) }, "serving from the copy on disk");
  }

  const condition = watchCondition(kafka.check);
  const rechecking = setInterval(handling.recheck, options.recheckMs ?? defaultRecheckMs).unref();
  const address = options.advertise ?? `${options.host}:${server.port}`;
  const watching = watch({
    ...options,
    proxy: proxyId,
    credentials: toPeer(options.controlIdentity, (peer) => peer?.role === "control"),
    address,
    probeAddress: `${hostOf(address)}:${probing.port}`,
    directory: table,
    lease: leased,
    copy,
    condition: condition.now,
    drainage: drains,
    failpoint: points,
  });
  const operator: OperatorServer = await operatorServer({
    host: options.host,
    port: options.operatorPort,
    metrics: measured.registry,
    checks: {
      directory: async () => checkKnown(table),
      kafka: kafka.check,
      postgres: () => checkDurable(data),
    },
    facts: () => ({
      // No reason to take traffic away: it serves without, for as long as each namespace's stale limit says.
      control_plane: { connected: watching.connected, lease_overdue_ms: finite(leased.overdueMs()) },
      directory: { version: String(table.version), refused: Object.fromEntries(table.refused) },
      not_enforced_yet: notEnforced(table),
    }),
  });
  const ports = { port: server.port, probe_port: probing.port, operator_port: operator.port };
  log.info({ ...ports, proxy: proxyId }, "proxy listens");

  return {
    port: server.port,
    probePort: probing.port,
    operatorPort: operator.port,
    stopping: [
      {
        name: "health",
        stop() {
          stopping = true;
          server.setServing(false);
        },
      },
      { name: "streams", stop: () => handling.endAll(leavingNow("is stopping")) },
      // Only now: with the goodbye nobody waits for it any longer when rights are taken away.
      { name: "control plane", stop: () => watching.close() },
      { name: "calls", stop: () => server.close(drainMs) },
      { name: "probes", stop: () => probing.close() },
      { name: "namespaces", stop: () => Promise.all(table.all().map((served) => stop(served))) },
      {
        name: "operator side",
        stop: () => {
          clearInterval(rechecking);
          crowds.close();
          condition.close();
          return Promise.all([
            operator.close(),
            kafka.close(),
            leads.close(),
            glances.close().then(() => data.end()),
          ]);
        },
      },
    ],
  };
}

function checkKnown(table: Directory<Served>): void {
  if (!table.known) throw new Error("the control plane has not been heard, and there is no copy on disk");
}

/** Each namespace that clients may call, and its backend. */
const servingBackends = (table: Directory<Served>): ReadonlyMap<string, string> =>
  new Map(
    table
      .all()
      .filter(({ entry }) => entry.state !== State.PROBING)
      .map(({ entry }) => [entry.namespace, entry.backend?.type ?? ""]),
  );

const notEnforced = (table: Directory<Served>): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    table
      .all()
      .filter((served) => served.notEnforced.length > 0)
      .map(({ entry, notEnforced: patterns }) => [entry.namespace, patterns]),
  );

/** Whose trouble it is: the log's, or the backend's behind it. */
const backendOf = (error: Error): string =>
  error instanceof PrismError && error.details["backend"] === "Postgres" ? "postgres" : "kafka";

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"));

const finite = (ms: number): number | null => (Number.isFinite(ms) ? Math.round(ms) : null);

const leavingNow = (what: string): PrismError =>
  new PrismError("NAMESPACE_NOT_READY", `this proxy ${what}: call another`, {
    details: { retry_after_ms: 100 },
  });
