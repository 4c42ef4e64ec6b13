import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { developmentToken } from "../runtime/auth.ts";
import type { PlanAnswer } from "../sdk/typescript/answers.ts";
import { type Control, control } from "../sdk/typescript/control.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { prism as client } from "../sdk/typescript/prism.ts";
import { exampleNamespace } from "./example-namespace.ts";
import { checkout } from "./instance.ts";
import { orderTraffic } from "./order-traffic.ts";
import type { Prism } from "./prism-up.ts";
import { whereToLook } from "./where-to-look.ts";
import { kafkaPartitions, missingTables, workflowOf } from "./witnesses.ts";

export type Scene = {
  readonly prism: Prism;
  /** A line for the person who watches. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

const namespace = "order-processing";
const team = "payments-team";
const requestFile = "docs/examples/order-processing/namespace-request.yaml";
const quota = { write_rps: 50_000, read_rps: 100_000, data_size: "1TB", namespaces: 20 };

/**
 * Takes the example of docs/examples/order-processing through a running Prism and tells
 * what happened. Resolves true only if everything it claims was seen to be so: the
 * backends and Temporal are asked themselves, not Prism about them.
 */
export async function orderProcessing(scene: Scene): Promise<boolean> {
  const { prism, say, signal } = scene;
  const claims = claimsTold(say);
  const api = prism.environment["PRISM_API_URL"] ?? "";
  try {
    await played(scene, api, claims.claim);
  } catch (error) {
    if (signal.aborted) throw error;
    claims.claim(false, `the example ends here: ${reason(error)}`);
  }
  say(whereToLook({ prism, namespace, team }));
  return claims.held();
}

type Claim = (isSo: boolean, what: string) => void;

async function played({ prism, say, signal }: Scene, api: string, claim: Claim): Promise<void> {
  const { environment } = prism;
  const discovery = api.replace(/^http/, "api");
  const tokenOf = (subject: string, teams: readonly string[] = [], scopes: readonly string[] = []) =>
    developmentToken(environment["PRISM_DEV_ISSUER"] ?? "", { subject, teams, scopes, ttlSeconds: 3_600 });
  const as = async (subject: string, teams: readonly string[] = []) =>
    control({ api, token: await tokenOf(subject, teams) });

  await granted(control({ api, token: await tokenOf("user:platform", [], ["prism:platform"]) }), say);
  say(`A member of ${team} asks for '${namespace}' (${requestFile})`);
  const member = await as("user:alice", [team]);
  const request = await readFile(join(checkout, requestFile), "utf8");
  const begun = performance.now();
  const created = await exampleNamespace(member, { namespace, request, say, signal });
  const tookMs = Math.round(performance.now() - begun);
  const served = `active after ${tookMs} ms, served at ${created.endpoints.join(", ")}`;
  claim(created.status === "active", created.status === "active" ? served : `it is ${created.status}`);

  const answered = await member.namespaces.plan(namespace);
  enforced(answered, say, claim);
  await witnessed(answered.plan, environment, signal, claim);

  const orderApi = client({ namespace, discovery, token: await tokenOf("service:order-api") });
  const analytics = client({ namespace, discovery, token: await tokenOf("service:analytics-pipeline") });
  try {
    await orderTraffic({ prism, orderApi, analytics, say, claim });

    const stranger = await codeOf((await as("user:mallory", ["marketing-team"])).namespaces.get(namespace));
    claim(stranger === "NOT_FOUND", `a stranger asks for it: ${stranger}`);
    const reader = await codeOf(analytics.queue.publish("orders", { order_id: -1 }));
    claim(reader === "FORBIDDEN", `the read-only service publishes: ${reader}`);
  } finally {
    orderApi.close();
    analytics.close();
  }
}

/** Once: what somebody has set since is theirs. */
async function granted(platform: Control, say: (line: string) => void): Promise<void> {
  const before = await codeOf(platform.teams.get(team));
  if (before === "NOT_FOUND") await platform.teams.set(team, quota);
  const { write_rps, data_size } = (await platform.teams.get(team)).quota;
  say(`\nThe platform team grants ${team} ${write_rps} writes/s and ${data_size}`);
}

function enforced(
  { plan, not_enforced_yet: pending }: PlanAnswer,
  say: (line: string) => void,
  claim: Claim,
) {
  say(
    `  patterns ${plan.patterns.map(({ type }) => type).join(", ")} on ${plan.backend.type}, as ${plan.resources.length} resources`,
  );
  const types = plan.patterns.flatMap(({ type }) => (pending.includes(type) ? [] : [type]));
  claim(types.length === plan.patterns.length, `enforced: ${types.join(", ")}`);
  if (pending.length > 0) say(`  not enforced yet: ${pending.join(", ")}`);
}

/** What the plan says, as Kafka, Postgres and Temporal see it. */
async function witnessed(
  { backend, patterns }: PlanAnswer["plan"],
  environment: Prism["environment"],
  signal: AbortSignal,
  claim: Claim,
): Promise<void> {
  const topic = "order-processing-queue";
  const partitions = await kafkaPartitions(environment, topic);
  const planned = backend.config["partitions"];
  const not = partitions === planned ? "" : `, and its plan ${String(planned)}`;
  claim(not === "", `Kafka says: topic ${topic} has ${partitions} partitions${not}`);
  const wanted = patterns.flatMap(({ type }) => tables[type] ?? []);
  const missing = await missingTables(environment, wanted);
  const found = missing.length === 0 ? `${wanted.join(" and ")} are there` : `missing ${missing}`;
  claim(missing.length === 0, `Postgres says: ${found}`);
  const workflow = await workflowOf(environment, { namespace, team, signal });
  claim(workflow !== undefined, `Temporal says: ${workflow ?? "no workflow has its search attributes"}`);
}

const tables: Readonly<Record<string, string>> = {
  wal: "wal_order_processing",
  "replay-store": "replay_order_processing",
};

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

const reason = (error: unknown): string => {
  if (error instanceof PrismError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
};
