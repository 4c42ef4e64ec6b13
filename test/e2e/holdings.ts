import { Admin, ClientQuotaEntityTypes, ClientQuotaMatchTypes } from "@platformatic/kafka";
import { Client } from "pg";

type Addresses = Readonly<Record<string, string | undefined>>;

/** Everything on the servers that bears `part` in its name, as the servers themselves say. */
export async function holdings(environment: Addresses, part: string): Promise<readonly string[]> {
  const found = await Promise.all([inKafka(environment), inPostgres(environment)]);
  const plain = part.replaceAll("-", "_");
  return found.flat().filter((name) => name.replaceAll("-", "_").includes(plain));
}

async function inKafka(environment: Addresses): Promise<readonly string[]> {
  const bootstrapBrokers = (environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
  const admin = new Admin({ clientId: "test", bootstrapBrokers });
  try {
    const components = [
      { entityType: ClientQuotaEntityTypes.CLIENT_ID, matchType: ClientQuotaMatchTypes.ANY, match: null },
    ];
    const quotas = await admin.describeClientQuotas({ components, strict: false });
    const clients = quotas.flatMap(({ entity }) =>
      entity.map(({ entityName }) => `client quota ${entityName}`),
    );
    return [...(await admin.listTopics()).map((topic) => `topic ${topic}`), ...clients];
  } finally {
    await admin.close();
  }
}

async function inPostgres(environment: Addresses): Promise<readonly string[]> {
  const client = new Client({ connectionString: environment["PRISM_DATA_URL"] });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select 'table ' || relname as name from pg_class where relkind in ('r', 'p', 'S')
       union all select 'role ' || rolname from pg_roles`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
