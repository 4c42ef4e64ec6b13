import { randomUUID } from "node:crypto";
import { developmentToken } from "../../runtime/auth.ts";
import type { Peer } from "../../runtime/peer.ts";
import { type Control, control } from "../../sdk/typescript/control.ts";
import { type Prism, prism } from "../../sdk/typescript/prism.ts";
import { certificateFiles } from "../../stack/certificates.ts";
import { checkout, purge, temporaryInstance } from "../../stack/instance.ts";
import type { Environment } from "../../stack/lookup.ts";
import { type Processes, type ProcessName, startProcesses } from "../../stack/processes.ts";
import { ownDatabases } from "./databases.ts";

/** A Prism of the test file's own: three processes, own databases and task queue, on the run's servers. */
export type TestPrism = {
  /** Where its code is. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: Processes;
  /** `http://host:port` of the REST API. */
  readonly api: string;
  token(wish: Wish): Promise<string>;
  control(wish: Wish): Promise<Control>;
  client(namespace: string, wish: Wish): Promise<Prism>;
  /** The variables that let one more process pass for that peer. */
  certificate(peer: Peer): Promise<Record<string, string>>;
  /** A name that no other test has used on the servers, which outlive the file. */
  name(prefix: string): string;
  close(): Promise<void>;
};

export type Wish = {
  readonly subject?: string;
  readonly teams?: readonly string[];
  readonly scopes?: readonly string[];
  readonly ttlSeconds?: number;
};

export async function testPrism(
  options: {
    names?: readonly ProcessName[];
    environment?: Readonly<Record<string, string>>;
    /** The servers' addresses. Default: those of the run. */
    servers?: Environment;
    /** Where the processes' code is. Default: this checkout. */
    folder?: string;
  } = {},
): Promise<TestPrism> {
  const instance = temporaryInstance();
  const { folder = checkout } = options;
  const run = randomUUID().slice(0, 8);
  const servers = options.servers ?? process.env;
  const databases = await ownDatabases(servers, run);
  const environment: Record<string, string> = {
    ...(servers as Record<string, string>),
    ...databases.urls,
    PRISM_TASK_QUEUE: `test-${run}`,
    // A killed worker is then noticed in a second.
    PRISM_HEARTBEAT_MS: "1000",
    PRISM_STICKY_MS: "1000",
    PRISM_LEASE_MS: "2000",
    PRISM_MOVE_GRACE_MS: "1000",
    // Anchors are of one log.
    PRISM_ARCHIVE_BUCKET: `prism-archive-${run}`,
    // On servers that others use too: nothing is looked at unless the test says so.
    PRISM_RECONCILE_SECONDS: "0",
    PRISM_FLEET: run,
    ...options.environment,
  };
  const processes = await startProcesses({
    instance,
    environment,
    owned: true,
    folder,
    ...(options.names && { names: options.names }),
  });
  const api = processes.environment["PRISM_API_URL"] ?? "";
  const token = ({ subject = "user:alice", teams = [], scopes = [], ttlSeconds = 600 }: Wish) =>
    developmentToken(environment["PRISM_DEV_ISSUER"] ?? "", { subject, teams, scopes, ttlSeconds });

  // Room enough that no test of something else meets a quota.
  const platform = control({ api, token: await token({ subject: "user:root", scopes: ["prism:platform"] }) });
  const quota = { write_rps: 1_000_000, read_rps: 1_000_000, data_size: "100TB", namespaces: 1_000 };
  await Promise.all(["payments-team", "marketing-team"].map((team) => platform.teams.set(team, quota)));

  return {
    folder,
    environment: { ...environment, ...processes.environment },
    processes,
    api,
    token,
    control: async (wish) => control({ api, token: await token(wish) }),
    client: async (namespace, wish) =>
      prism({ namespace, discovery: api.replace(/^http/, "api"), token: await token(wish) }),
    certificate: (peer) => certificateFiles(instance, peer),
    name: (prefix) => `${prefix}-${run}`,
    async close() {
      await Promise.all((["api", "worker", "proxy"] as const).map((name) => processes.stop(name)));
      await databases.drop();
      purge(instance);
    },
  };
}
