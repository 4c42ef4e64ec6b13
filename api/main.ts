import { Server, type ServerCredentials } from "@grpc/grpc-js";
import { Client, Connection } from "@temporalio/client";
import { collectDefaultMetrics, Registry } from "prom-client";
import { s3Archive } from "../backends/s3-archive.ts";
import { backendReports } from "../control/backend-reports.ts";
import { dataSizes } from "../control/data-sizes.ts";
import { idempotencyKeys } from "../control/idempotency-keys.ts";
import { leases, migrateControl } from "../control/leases.ts";
import { shards } from "../control/shards.ts";
import { sweeps } from "../control/sweeps.ts";
import { teamCommands } from "../control/team-commands.ts";
import { outcomeOf } from "../domain/namespace/outcome.ts";
import { audit } from "../domain/projections/audit.ts";
import { namespaces } from "../domain/projections/namespaces.ts";
import { operations } from "../domain/projections/operations.ts";
import { teams } from "../domain/projections/teams.ts";
import { inventoryOfThisBuild } from "../domain/selection/this-build.ts";
import { observed } from "../eventstore/observed.ts";
import { openEventStore } from "../eventstore/open.ts";
import { postgresPool } from "../eventstore/postgres/pool.ts";
import { projections } from "../eventstore/runner.ts";
import { DirectoryService } from "../proto/gen/prism/control/v1/control_pb.js";
import { grpcService } from "../proto/grpc.ts";
import { appendSeconds } from "../runtime/append-seconds.ts";
import { authority, refuseDevelopmentIssuerOffLoopback } from "../runtime/auth.ts";
import { apiConfig } from "../runtime/config.ts";
import { log as logger } from "../runtime/log.ts";
import { forPeers } from "../runtime/mutual-tls.ts";
import { endOnUnexpected, run, stopOnSignal } from "../runtime/shutdown.ts";
import { startTracing } from "../runtime/tracing.ts";
import { anchorAge } from "./anchor-age.ts";
import { anchoring, anchors } from "./anchors.ts";
import { auditLog } from "./audit-log.ts";
import { collisionLimit } from "./collisions.ts";
import { dataGauges } from "./data-size.ts";
import { directoryFeed } from "./directory-feed.ts";
import { directoryService } from "./directory-service.ts";
import { driftFindings } from "./drift-findings.ts";
import { checkAfter } from "./expected-duration.ts";
import { httpServer } from "./http-server.ts";
import { interventions } from "./interventions.ts";
import { leaseSeconds } from "./lease-seconds.ts";
import { nameServer } from "./name-server.ts";
import { operationStarter } from "./operation-starter.ts";
import { operatorRoutes } from "./operator.ts";
import { projectionLag } from "./projection-lag.ts";
import { readNamespace } from "./read-namespace.ts";
import { apiRoutes } from "./routes.ts";
import { sweeper } from "./sweeper.ts";

/** The control plane: REST for people, a directory stream for proxies, the projections that both read. */
run(async () => {
  const config = apiConfig(process.env);
  const log = logger("api", config.logLevel);
  endOnUnexpected(log);
  const spans = await startTracing("api", config.tracing);
  refuseDevelopmentIssuerOffLoopback(config.auth, [config.host]);
  if (config.auth.kind === "development") {
    log.warn(
      { file: config.auth.file },
      "DEVELOPMENT ISSUER: whoever can read this file can be anyone. Set PRISM_JWKS_URL",
    );
  }

  const control = postgresPool(config.controlUrl, { name: "prism-api" });
  await migrateControl(control);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const store = observed(openEventStore(config.eventStoreUrl), appendSeconds(metrics));
  const stopping = new AbortController();
  const {
    readers: [namespaceRows, operationRows, teamRows, auditRows],
    stopped: projectionsStopped,
  } = projections({ pool: control, store, log }, [namespaces, operations, teams, audit], stopping.signal);
  await namespaceRows.waitFor(0n);
  await operationRows.waitFor(0n);
  await teamRows.waitFor(0n);
  await auditRows.waitFor(0n);

  const connection = await Connection.connect({ address: config.temporal.address, channelArgs });
  const client = new Client({ connection, namespace: config.temporal.namespace });
  const starter = operationStarter(
    { client, connection },
    {
      taskQueue: config.temporal.taskQueue,
      timeouts: config.timeouts,
      hasEnded: async ({ namespace, operation }) =>
        outcomeOf((await readNamespace(store, namespace)).events, operation) !== undefined,
    },
  );

  const { s3, archiveBucket: bucket, anchorMs: everyMs } = config;
  const archive = s3 && s3Archive({ address: s3, bucket, deadlineMs: archiveDeadlineMs });
  const anchored = archive && anchors(archive);
  const anchorer = anchored && anchoring({ store, anchors: anchored, log, everyMs });

  const deps = {
    store,
    starter,
    sweeps: sweeps(control),
    dataSizes: dataSizes(control),
    sweeper: sweeper({
      client,
      ...config.reconcile,
      taskQueue: config.temporal.taskQueue,
      timeouts: config.timeouts,
    }),
    interventions: interventions({ client, connection }),
    checkAfter: checkAfter(operationRows),
    keys: idempotencyKeys(control),
    collisions: collisionLimit({ perMinute: config.collisionsPerMinute }),
    teams: teamCommands(store),
    teamRows,
    auditRows,
    auditLog: auditLog(store, { log }),
    anchors: anchored,
    archive,
    leases: leases(control),
    shards: shards(store, { home: config.shard }),
    backendReports: backendReports(control),
    inventory: inventoryOfThisBuild(config.inventory),
    namespaces: namespaceRows,
    operations: operationRows,
    temporal: config.temporal,
  };
  const feed = directoryFeed(store, namespaceRows);
  feed.run(stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) log.error({ error: String(error) }, "the directory feed ended");
  });

  driftFindings(metrics, deps.sweeps);
  dataGauges(metrics, deps.dataSizes);
  leaseSeconds(metrics, deps.leases);
  if (anchored !== undefined) anchorAge(metrics, anchored);
  projectionLag(metrics, {
    namespaces: namespaceRows,
    operations: operationRows,
    teams: teamRows,
    audit: auditRows,
  });
  const checks = {
    control: async () => void (await control.query("select 1")),
    event_store: () => store.health(),
    temporal: () => starter.health(),
  };
  const server = await httpServer({ authority: authority(config.auth), log });
  await server.register(operatorRoutes({ checks, metrics }));
  await server.register(apiRoutes(deps));

  const { leaseMs, staleMs } = config;
  await deps.leases.resume(leaseMs);
  const grpc = new Server();
  grpc.addService(
    grpcService(DirectoryService),
    directoryService({ feed, leases: deps.leases, leaseMs, staleMs, log }),
  );
  const controlPort = await listen(
    grpc,
    `${config.host}:${config.controlPort}`,
    forPeers(config.controlIdentity),
  );
  const address = await server.listen({ host: config.host, port: config.port });
  const names =
    config.dns && (await nameServer({ host: config.host, ...config.dns, leases: deps.leases, log }));
  log.info({ address, control_port: controlPort, dns_port: names?.port }, "control plane is up");

  const endProjections = () => {
    stopping.abort();
    return projectionsStopped;
  };
  stopOnSignal(log, [
    { name: "rest", stop: () => server.close() },
    { name: "names", stop: () => names?.close() },
    { name: "audit log", stop: () => deps.auditLog.close() },
    { name: "directory", stop: () => grpc.forceShutdown() },
    { name: "anchors", stop: () => anchorer?.stop() },
    { name: "projections", stop: endProjections },
    { name: "temporal", stop: () => connection.close() },
    { name: "archive", stop: () => archive?.close() },
    { name: "event store", stop: () => store.close() },
    { name: "control", stop: () => control.end() },
    spans,
  ]);
});

const archiveDeadlineMs = 30_000;
// A Temporal that comes back is found at once: a channel waits up to two minutes unless told otherwise.
const channelArgs = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 3_000 };

const listen = (server: Server, address: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port))),
  );
