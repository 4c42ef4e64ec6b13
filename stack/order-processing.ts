import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { developmentToken } from "../runtime/auth.ts";
import { control } from "../sdk/typescript/control.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { prism as client } from "../sdk/typescript/prism.ts";
import { checkout } from "./instance.ts";
import { orderTraffic } from "./order-traffic.ts";
import type { Prism } from "./prism-up.ts";
import { kafkaPartitions, missingTables, workflowOf } from "./witnesses.ts";

export type Scene = {
  readonly prism: Prism;
  /** A line for the person who watches. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

const namespace = "order-processing";
const team = "payments-team";
const quota = { write_rps: 50_000, read_rps: 100_000, data_size: "1TB", namespaces: 20 };

/**
 * Takes the example of docs/examples/order-processing through a running Prism and tells
 * what happened. Resolves true only if everything it claims was seen to be so: the
 * backends and Temporal are asked themselves, not Prism about them.
 */
export async function orderProcessing({ prism, say, signal }: Scene): Promise<boolean> {
  const claims = claimsTold(say);
  const { environment } = prism;
  const api = environment["PRISM_API_URL"] ?? "";
  const discovery = api.replace(/^http/, "api");
  const tokenOf = (subject: string, teams: readonly string[] = [], scopes: readonly string[] = []) =>
    developmentToken(environment["PRISM_DEV_ISSUER"] ?? "", {
      subject,
      teams,
      scopes,
      ttlSeconds: 3_600,
    });
  const as = async (subject: string, teams: readonly string[] = []) =>
    control({ api, token: await tokenOf(subject, teams) });

  const platform = control({ api, token: await tokenOf("user:platform", [], ["prism:platform"]) });
  await platform.teams.set(team, quota);
  say(`\nThe platform team grants ${team} ${quota.write_rps} writes/s and ${quota.data_size}`);
  say(`A member of ${team} asks for '${namespace}' (docs/examples/order-processing/namespace-request.yaml)`);
  const member = await as("user:alice", [team]);
  const request = await readFile(
    join(checkout, "docs/examples/order-processing/namespace-request.yaml"),
    "utf8",
  );
  const begun = performance.now();
  const created = await member.namespaces
    .create(request, { waitSeconds: 60 })
    .catch(async (error: unknown) => {
      if (!(error instanceof PrismError && error.code === "NAMESPACE_EXISTS")) throw error;
      say("  it is here from an earlier run, and goes on");
      return member.namespaces.get(namespace);
    });
  const tookMs = Math.round(performance.now() - begun);
  claims.claim(
    created.status === "active",
    `active after ${tookMs} ms, served at ${created.endpoints.join(", ")}`,
  );

  const { plan, not_enforced_yet: pending } = await member.namespaces.plan(namespace);
  say(
    `  patterns ${plan.patterns.map(({ type }) => type).join(", ")} on ${plan.backend.type}, as ${plan.resources.length} resources`,
  );
  const enforced = plan.patterns.flatMap(({ type }) => (pending.includes(type) ? [] : [type]));
  claims.claim(enforced.length === plan.patterns.length, `enforced: ${enforced.join(", ")}`);
  if (pending.length > 0) say(`  not enforced yet: ${pending.join(", ")}`);

  const partitions = await kafkaPartitions(environment, "order-processing-queue");
  claims.claim(partitions === 20, `Kafka says: topic order-processing-queue has ${partitions} partitions`);
  const missing = await missingTables(environment, ["wal_order_processing", "replay_order_processing"]);
  const tables =
    missing.length === 0
      ? "wal_order_processing and replay_order_processing are there"
      : `missing ${missing}`;
  claims.claim(missing.length === 0, `Postgres says: ${tables}`);
  const workflow = await workflowOf(environment, { namespace, team, signal });
  claims.claim(
    workflow !== undefined,
    `Temporal says: ${workflow ?? "no workflow has its search attributes"}`,
  );

  const orderApi = client({
    namespace,
    discovery,
    token: await tokenOf("service:order-api"),
  });
  const analytics = client({
    namespace,
    discovery,
    token: await tokenOf("service:analytics-pipeline"),
  });
  try {
    await orderTraffic({ prism, orderApi, analytics, say, claim: claims.claim });

    const stranger = await codeOf((await as("user:mallory", ["marketing-team"])).namespaces.get(namespace));
    claims.claim(stranger === "NOT_FOUND", `a stranger asks for it: ${stranger}`);
    const reader = await codeOf(analytics.queue.publish("orders", { order_id: -1 }));
    claims.claim(reader === "FORBIDDEN", `the read-only service publishes: ${reader}`);
  } finally {
    orderApi.close();
    analytics.close();
  }
  say(whereToLook(prism, api));
  return claims.held();
}

/** Each claim is a line, true or not; the whole holds only if every line did. */
function claimsTold(say: (line: string) => void) {
  let held = true;
  return {
    claim(isSo: boolean, what: string) {
      held &&= isSo;
      say(`  ${isSo ? "✓" : "✗"} ${what}`);
    },
    held: () => held,
  };
}

/** The code a call was refused with; `accepted` where it was not. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "accepted";
  } catch (error) {
    if (error instanceof PrismError) return error.code;
    throw error;
  }
}

const whereToLook = ({ environment, processes }: Prism, api: string): string => `
Look around
  API documentation  ${api}/docs
  Temporal UI        ${environment["PRISM_TEMPORAL_UI_URL"]}
  proxy (gRPC)       ${processes.addresses.proxy}

Try
  export PRISM_TOKEN=$(npx prism token --team ${team})
  npx prism namespace get ${namespace}
  npx prism namespace history ${namespace}
  echo '{"order_id": 12345, "amount": 99.99}' | npx prism publish ${namespace} orders
  npx prism consume ${namespace} orders --group mine --from earliest --max 5
`;
