import { randomUUID } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type Environment, exists } from "./lookup.ts";
import { endLeftover } from "./postgres-leftover.ts";
import { bundledPostgres, findPostgres, missingPostgres } from "./postgres-programs.ts";
import { runCommand } from "./run-command.ts";
import type { Place, Seat, Server } from "./server.ts";

/** The event store, projections and leases. */
export const postgresControl = postgres({
  name: "postgres-control",
  databases: { PRISM_CONTROL_URL: "prism_control" },
});

/** Clients' data; the tenants' own SQL runs in the second database, on a server that may stall without harm to the first. */
export const postgresData = postgres({
  name: "postgres-data",
  databases: { PRISM_DATA_URL: "prism_data", PRISM_TENANT_URL: "prism_tenants" },
});

const role = "prism";

/** One instance of PostgreSQL; `databases` by the variable that names each. `programs` is its bin folder. */
function postgres(options: {
  name: "postgres-control" | "postgres-data";
  databases: Readonly<Record<string, string>>;
}): Server {
  const { name, databases } = options;
  const variables = Object.keys(databases);
  return {
    name,
    variables,
    ports: { server: undefined },
    services: [name],
    // Fast shutdown, then immediate: both leave the data as a crash or better.
    stopSignals: ["SIGINT", "SIGQUIT"],
    unprivileged: true,

    find: findPostgres,
    fetch: bundledPostgres,
    missing: missingPostgres,

    async prepare(place) {
      const data = join(place.folder, "data");
      if (await exists(join(data, "PG_VERSION"))) await endLeftover(data);
      else await initialise(place, data);
      await sameVersion(place, data);
      return { program: join(place.programs, "postgres"), args: ["-D", data, ...settings(place)] };
    },

    environment: (seat) =>
      Object.fromEntries(
        Object.entries(databases).map(([variable, database]) => [variable, url(seat, database)]),
      ),

    async answers(environment, signal) {
      for (const variable of variables) {
        const address = environment[variable];
        if (address !== undefined) await ask(address, "select 1", signal);
      }
    },

    furnish: (environment) => createDatabases(environment, variables),
  };
}

const url = ({ ports, secret }: Seat, database: string): string =>
  `postgres://${role}:${secret}@127.0.0.1:${ports["server"]}/${database}`;

function settings({ ports }: Place): string[] {
  const values = {
    listen_addresses: "127.0.0.1",
    port: ports["server"],
    unix_socket_directories: "",
    max_connections: 200,
    wal_level: "logical",
    max_replication_slots: 32,
    max_wal_senders: 32,
    // A reader that went away must not fill the disk.
    max_slot_wal_keep_size: "4GB",
    fsync: "on",
    log_min_messages: "warning",
  };
  return Object.entries(values).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}

/** In a draft folder that is renamed when complete: a killed initdb never passes for a database. */
async function initialise(
  { programs, folder, secret, user, environment }: Place,
  data: string,
): Promise<void> {
  const draft = join(folder, "data.draft");
  const password = join(folder, `password.${randomUUID()}`);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(password, secret, { mode: 0o600 });
  if (user !== undefined) await Promise.all([draft, password].map((path) => chown(path, user.uid, user.gid)));
  const who = [`--username=${role}`, "--auth=scram-sha-256", `--pwfile=${password}`];
  const args = ["-D", draft, ...who, "--encoding=UTF8", "--locale=C"];
  try {
    await runCommand(join(programs, "initdb"), args, { env: environment, cwd: folder, user });
  } finally {
    await rm(password, { force: true });
  }
  await rm(data, { recursive: true, force: true });
  await rename(draft, data);
}

async function sameVersion({ programs, environment }: Place, data: string): Promise<void> {
  const made = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  const said = await runCommand(join(programs, "postgres"), ["--version"], { env: environment });
  const major = /\d+/.exec(said)?.[0];
  if (made === major) return;
  throw new Error(
    `${data} was made by PostgreSQL ${made}, found is ${major}: \`prism stack down --purge\` starts afresh`,
  );
}

async function createDatabases(environment: Environment, variables: readonly string[]): Promise<void> {
  for (const variable of variables) {
    const address = new URL(environment[variable] ?? "");
    const database = address.pathname.slice(1);
    address.pathname = "/postgres";
    await ask(address.href, `create database "${database}"`).catch((error) => {
      if (error.code !== duplicateDatabase) throw error;
    });
  }
}

const duplicateDatabase = "42P04";

async function ask(connectionString: string, sql: string, signal?: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  // A server that goes down under an idle connection says so here; the query's own failure is what counts.
  client.on("error", () => undefined);
  try {
    await client.connect();
    signal?.throwIfAborted();
    await client.query(sql);
  } finally {
    await client.end();
  }
}
