import { setTimeout as delay } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import { Client, Connection } from "@temporalio/client";
import { Client as Postgres } from "pg";

/** What the servers themselves say, so that nobody has to take Prism's word for it. */
type Addresses = Readonly<Record<string, string | undefined>>;

/** 0 where there is no such topic. */
export async function kafkaPartitions(environment: Addresses, topic: string): Promise<number> {
  const bootstrapBrokers = (environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
  const admin = new Admin({ clientId: "prism-witness", bootstrapBrokers });
  try {
    if (!(await admin.listTopics()).includes(topic)) return 0;
    const { topics } = await admin.metadata({ topics: [topic] });
    return topics.get(topic)?.partitionsCount ?? 0;
  } finally {
    await admin.close();
  }
}

/** Those of `tables` that are not in the data database. */
export async function missingTables(environment: Addresses, tables: readonly string[]): Promise<string[]> {
  const client = new Postgres({ connectionString: environment["PRISM_DATA_URL"] });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select name from unnest($1::text[]) as name where to_regclass(name) is null",
      [tables],
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/** How the namespace's workflow shows in Temporal, found by its search attributes alone. */
export async function workflowOf(
  environment: Addresses,
  { namespace, team, signal }: { namespace: string; team: string; signal: AbortSignal },
): Promise<string | undefined> {
  const connection = await Connection.connect({ address: environment["PRISM_TEMPORAL_ADDRESS"] ?? "" });
  try {
    const client = new Client({ connection });
    const query = `PrismNamespace = '${namespace}' AND PrismTeam = '${team}' AND PrismOperation = 'create' AND PrismPhase = 'active'`;
    // Visibility follows the history by a moment.
    for (let attempt = 0; attempt < 50; attempt++) {
      for await (const { workflowId, status } of client.workflow.list({ query })) {
        return `workflow ${workflowId} is ${status.name.toLowerCase()}, with its search attributes`;
      }
      await delay(100, undefined, { signal });
    }
    return undefined;
  } finally {
    await connection.close();
  }
}
