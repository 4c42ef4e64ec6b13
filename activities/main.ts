import { Client } from "@temporalio/client";
import { NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Backend } from "../backends/backend.ts";
import { kafka } from "../backends/kafka.ts";
import { kafkaGroups } from "../backends/kafka-groups.ts";
import { logins } from "../backends/logins.ts";
import { nats } from "../backends/nats.ts";
import { postgres } from "../backends/postgres.ts";
import { forgetKeys } from "../backends/publish-keys/publish-keys.ts";
import { redis } from "../backends/redis.ts";
import { s3 } from "../backends/s3.ts";
import { s3Archive } from "../backends/s3-archive.ts";
import {
  growRelay,
  holdRelay,
  type Kept,
  relayedTo,
  releaseRelay,
  standingBarrier,
} from "../backends/write-ahead-log/layouts.ts";
import {
  backlog,
  closeLog,
  reopenLog,
  rewindRelay,
  sentAgainMs,
} from "../backends/write-ahead-log/operate.ts";
import { backendReports } from "../control/backend-reports.ts";
import { dataSizes } from "../control/data-sizes.ts";
import { leases, migrateControl } from "../control/leases.ts";
import { shards } from "../control/shards.ts";
import { sweeps } from "../control/sweeps.ts";
import { teamCommands } from "../control/team-commands.ts";
import type { Growth } from "../domain/namespace/growth.ts";
import type { BackendKind } from "../domain/plan.ts";
import { inventoryOfThisBuild } from "../domain/selection/this-build.ts";
import { openEventStore } from "../eventstore/open.ts";
import { postgresPool } from "../eventstore/postgres/pool.ts";
import { workerConfig } from "../runtime/config.ts";
import { log as logger } from "../runtime/log.ts";
import { operatorServer } from "../runtime/operator-server.ts";
import { endOnUnexpected, run, stopOnSignal } from "../runtime/shutdown.ts";
import { startTracing } from "../runtime/tracing.ts";
import { activities } from "./activities.ts";
import { noArchive } from "./archive.ts";
import { failpoint } from "./failpoint.ts";
import type { Life } from "./growing.ts";
import { workerMetrics } from "./metrics.ts";
import { probe } from "./probe.ts";
import { recorder } from "./recorder.ts";
import { reportBackends } from "./report-backends.ts";
import { isRunning, keepSchedule } from "./schedule.ts";
import { registerSearchAttributes } from "./search-attributes.ts";
import { temporalLogger } from "./temporal-logger.ts";
import { workflowBundle } from "./workflow-bundle.ts";

/** The Temporal worker: everything Prism does to the world is done here. */
run(async () => {
  const config = workerConfig(process.env);
  const failing = failpoint(config.failpoint);
  const log = logger("worker", config.logLevel);
  endOnUnexpected(log);
  const spans = await startTracing("worker", config.tracing);
  // Signals are ours: what is under way ends first, and the connections it uses go last.
  Runtime.install({ shutdownSignals: [], logger: temporalLogger(log) });

  const control = postgresPool(config.controlUrl, { name: "prism-worker", connections: 5 });
  const asBackend = { name: "prism-worker", statementMs: config.backendDeadlineMs };
  const data = postgresPool(config.dataUrl, asBackend);
  const tenants = config.tenantUrl === undefined ? undefined : postgresPool(config.tenantUrl, asBackend);
  await migrateControl(control);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const { measured, countingRetries } = workerMetrics(metrics);
  const store = measured(openEventStore(config.eventStoreUrl));
  const common = { logins: logins(config.platformSecret), deadlineMs: config.backendDeadlineMs };
  const withSasl = config.kafkaSasl === undefined ? {} : { sasl: config.kafkaSasl };
  const { natsUrl, natsTrust, redisUrl, s3: s3Address } = config;
  const backends: ReadonlyMap<BackendKind, Backend> = new Map(
    [
      kafka({ ...common, brokers: config.kafkaBrokers, ...withSasl }),
      postgres({ ...common, pool: data, tenants }),
      ...(natsUrl === undefined ? [] : [nats({ ...common, url: natsUrl, trust: natsTrust })]),
      ...(redisUrl === undefined ? [] : [redis({ ...common, url: redisUrl })]),
      ...(s3Address === undefined
        ? []
        : [s3({ ...common, address: s3Address, apart: [config.archiveBucket] })]),
    ].map((backend) => [backend.kind, backend]),
  );

  const groups = kafkaGroups({ brokers: config.kafkaBrokers, ...withSasl });
  const { address, namespace, taskQueue } = config.temporal;
  const connection = await NativeConnection.connect({ address });
  await registerSearchAttributes(connection, namespace);
  const client = new Client({ connection, namespace });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: await workflowBundle(config.workflowCache, Runtime.instance().logger),
    activities: activities({
      recorder: recorder(store),
      store,
      sweeps: sweeps(control),
      dataSizes: dataSizes(control),
      isAtWork: (name) => isRunning({ client }, `namespace/${name}`),
      teams: teamCommands(store),
      failpoint: countingRetries(failing),
      log,
      inventory: inventoryOfThisBuild(config.inventory),
      shards: shards(store, { home: config.shard }),
      approvalMs: config.approvalMs,
      backends,
      leases: leases(control),
      probe: probe(config.controlIdentity),
      patienceMs: config.proxyPatienceMs,
      staleMs: config.staleMs,
      drainMs: config.drainMs,
      drainLogMs: config.drainLogMs,
      logs: {
        close: (life) => closeLog(data, life),
        reopen: (life) => reopenLog(data, life),
        backlog: (life) => backlog(data, life),
        forgetKeys: ({ namespace }) => forgetKeys(data, namespace),
      },
      barrier: {
        hold: (life, growth) => holdRelay(data, keptOf(life, growth)),
        standing: (life) => standingBarrier(data, life),
        release: (life) => releaseRelay(data, life),
        grow: (life, growth, ends) =>
          growRelay(data, keptOf(life, growth), { partitions: growth.partitions, ends }),
        relayed: (life) => relayedTo(data, life),
        ends: groups.ends,
        groups: ({ namespace, incarnation }, topic, ends) =>
          groups.standing(topic, `prism.${namespace}.${incarnation}.`, ends),
      },
      barrierMs: config.barrierMs,
      moveGraceMs: config.moveGraceMs,
      rewind: (log) => rewindRelay(data, { ...log, windowMs: sentAgainMs }),
      archive:
        s3Address === undefined
          ? noArchive
          : s3Archive({ ...common, address: s3Address, bucket: config.archiveBucket }),
    }),
    maxConcurrentActivityTaskExecutions: 50,
    // As often as attempts say it: the SDK would keep back what comes within four fifths of the timeout, and a worker
    // that stood still for the fifth that is left would pass for dead.
    maxHeartbeatThrottleInterval: config.timeouts.heartbeatMs / 3,
    maxCachedWorkflows: 200,
    stickyQueueScheduleToStartTimeout: config.timeouts.stickyMs,
    shutdownGraceTime: config.shutdownGraceMs,
  });

  const never = new AbortController().signal;
  const operator = await operatorServer({
    host: config.host,
    port: config.operatorPort,
    metrics,
    checks: {
      control: async () => void (await control.query("select 1")),
      event_store: () => store.health(),
      temporal: async () => void (await connection.workflowService.getSystemInfo({})),
      kafka: () => backends.get("kafka")?.health(never) ?? Promise.reject(new Error("not configured")),
      postgres: () => backends.get("postgres")?.health(never) ?? Promise.reject(new Error("not configured")),
    },
  });

  const reporting = reportBackends({
    backends: [...backends.values()],
    reports: backendReports(control),
    log,
    everyMs: config.backendReportMs,
  });
  const { stickyMs: _, ...timeouts } = config.timeouts;
  await keepSchedule({ client, taskQueue, timeouts, ...config.reconcile });
  const running = worker.run();
  log.info({ task_queue: taskQueue, operator_port: operator.port }, "worker is up");
  stopOnSignal(log, [
    { name: "worker", stop: () => stopped(worker, running) },
    { name: "reports", stop: () => reporting.stop() },
    { name: "operator", stop: () => operator.close() },
    { name: "temporal", stop: () => connection.close() },
    ...[...backends.values()].map((backend) => ({ name: backend.kind, stop: () => backend.close() })),
    { name: "groups", stop: () => groups.close() },
    { name: "event store", stop: () => store.close() },
    { name: "control", stop: () => control.end() },
    spans,
  ]);
  await running;
});

function stopped(worker: Worker, running: Promise<void>): Promise<void> {
  if (worker.getState() === "RUNNING") worker.shutdown();
  return running;
}

const keptOf = ({ namespace, incarnation }: Life, { log, before }: Growth): Kept => ({
  ...{ namespace, incarnation, before },
  table: log,
});
