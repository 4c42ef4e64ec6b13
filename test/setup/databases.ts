import { Client as Postgres } from "pg";

export type OwnDatabases = { readonly urls: Readonly<Record<string, string>>; drop(): Promise<void> };

/** Databases of a test's own on the run's servers, as the variables that name them. */
export async function ownDatabases(given: NodeJS.ProcessEnv, run: string): Promise<OwnDatabases> {
  const wanted = [
    { variable: "PRISM_CONTROL_URL", name: `control_${run}` },
    { variable: "PRISM_DATA_URL", name: `data_${run}` },
  ];
  const urls: Record<string, string> = {};
  for (const { variable, name } of wanted) {
    await administer(given[variable] ?? "", `create database ${name}`);
    const url = new URL(given[variable] ?? "");
    url.pathname = `/${name}`;
    urls[variable] = url.href;
  }
  return {
    urls,
    async drop() {
      for (const { variable, name } of wanted) {
        await administer(given[variable] ?? "", `drop database if exists ${name} with (force)`);
      }
    },
  };
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
