import { Client as Postgres } from "pg";

export type OwnDatabases = { readonly urls: Readonly<Record<string, string>>; drop(): Promise<void> };

/** Databases of a test's own on the run's servers, as the variables that name them. */
export async function ownDatabases(given: NodeJS.ProcessEnv, run: string): Promise<OwnDatabases> {
  const wanted = [
    { variable: "PRISM_CONTROL_URL", name: `control_${run}` },
    { variable: "PRISM_DATA_URL", name: `data_${run}` },
    { variable: "PRISM_TENANT_URL", name: `tenants_${run}` },
  ];
  // Side by side: a server waits for its disk with each.
  await Promise.all(
    wanted.map(({ variable, name }) => administer(given[variable] ?? "", `create database ${name}`)),
  );
  const urlOf = (server: string, name: string) =>
    Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return {
    urls: Object.fromEntries(
      wanted.map(({ variable, name }) => [variable, urlOf(given[variable] ?? "", name)]),
    ),
    async drop() {
      await Promise.all(wanted.map(({ variable, name }) => dropDatabase(given[variable] ?? "", name)));
    },
  };
}

/** With the logins that namespaces had in it: those are the server's, and would outlive it. */
export async function dropDatabase(server: string, name: string): Promise<void> {
  const client = new Postgres({ connectionString: server });
  await client.connect();
  try {
    const { rows } = await client.query<{ role: string }>(
      `select distinct r.rolname::text as role from pg_shdepend d join pg_roles r on r.oid = d.refobjid
       join pg_database b on b.oid = d.dbid
       where d.refclassid = 'pg_authid'::regclass and b.datname = $1 and r.rolname like 'prism\\_%'`,
      [name],
    );
    await client.query(`drop database if exists ${name} with (force)`);
    // One that still has something in another database goes with that.
    for (const { role } of rows) await client.query(`drop role if exists "${role}"`).catch(() => {});
  } finally {
    await client.end();
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Postgres({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
