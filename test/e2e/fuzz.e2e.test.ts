import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder } from "../../stack/cache.ts";
import { runCommand } from "../../stack/run-command.ts";
import { schemathesis } from "../../stack/schemathesis.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";

/** There are four runs. In `npm test` each calls everything a few times; in the long run, for twenty seconds. */
const effort =
  process.env["PRISM_SOAK_SECONDS"] === undefined
    ? ["--phases", "fuzzing", "--max-examples", "5"]
    : ["--max-time", "20"];

/** A team, what is planted for it, and what of that nobody else may ever see. */
type Side = {
  readonly team: string;
  readonly token: string;
  readonly namespace: string;
  readonly operation: string;
  readonly secrets: readonly string[];
};

describe("the API, fuzzed by its own description", () => {
  let prism: TestPrism;
  let folder: string;
  let sides: readonly [Side, Side];
  let fuzzer: { readonly program: string; readonly args: readonly string[] };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "prism-fuzz-"));
    const fetching = {
      environment: process.env,
      cache: cacheFolder(process.env),
      user: undefined,
      idly: false,
    };
    fuzzer = await schemathesis({ ...fetching, say: console.log, signal: AbortSignal.timeout(110_000) });
    prism = await testPrism({ names: ["api", "worker"] });
    sides = [await planted("payments-team", "user:alice"), await planted("marketing-team", "user:mallory")];
  });
  afterAll(async () => {
    await prism?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A namespace with names that occur nowhere else; it waits for approval, so that it costs no topic. */
  const planted = async (team: string, subject: string): Promise<Side> => {
    const wish = { subject, teams: [team] };
    const namespace = prism.name(team.replace("team", "secret"));
    const service = `${team}-hidden-service`;
    const { operation } = await (await prism.control(wish)).namespaces.create(
      {
        namespace,
        team,
        client_api: "queue",
        needs: { write_rps: 120_000 },
        access: { consumers: [{ service }] },
      },
      { waitSeconds: 30 },
    );
    expect(operation?.state).toBe("awaiting_approval");
    const id = operation?.id ?? "";
    return {
      team,
      token: await prism.token(wish),
      namespace,
      operation: id,
      secrets: [service, subject, namespace, id],
    };
  };

  it("breaks no promise of it, and shows nobody what is another team's", { timeout: 240_000 }, async () => {
    const [payments, marketing] = sides;
    for (const [asker, other] of [
      [payments, marketing],
      [marketing, payments],
    ] as const) {
      const blind = await fuzzed(asker, [asker]);
      // What is their own they do see: what is looked for would be found.
      expect(blind.filter(tells(asker.secrets))).not.toEqual([]);
      expect(blind.filter(tells(other.secrets))).toEqual([]);
      // Who asks for another's by name reads the name they said, and no more.
      const guessing = await fuzzed(asker, [other]);
      expect(guessing.filter(tells(other.secrets.slice(0, 2)))).toEqual([]);
    }
  });

  const tells = (secrets: readonly string[]) => (body: string) =>
    secrets.some((secret) => body.includes(secret));

  /** Calls everything in one team's name, on what `named` have; answers every body that came back. */
  const fuzzed = async (asker: Side, named: readonly Side[]): Promise<readonly string[]> => {
    const [config, record] = [join(folder, "schemathesis.toml"), join(folder, "record.har")];
    writeFileSync(config, configuration(asker, named));
    const { program, args } = fuzzer;
    const run = ["--config-file", config, "run", `${prism.api}/openapi.json`, ...effort];
    const report = ["--no-color", "--no-shrink", "--report", "har", "--report-har-path", record];
    await runCommand(program, [...args, ...run, ...report], { env: process.env, cwd: folder });
    const { log } = JSON.parse(readFileSync(record, "utf8")) as Record;
    return log.entries.map(({ response }) => response.content.text ?? "");
  };
});

type Record = { log: { entries: { response: { content: { text?: string } } }[] } };

/**
 * Every check but the one that expects what Prism does not promise: that whatever fits the description is accepted
 * (rules and quotas refuse it). A preview accepts everything, to judge it.
 * Event streams have no end, and are not called.
 */
const configuration = (asker: Side, named: readonly Side[]): string => `
continue-on-failure = true
request-timeout = 15
suppress-health-check = ["all"]
headers = { Authorization = "Bearer ${asker.token}" }

[output.truncation]
enabled = false

[dictionaries]
namespaces.values = ${JSON.stringify(named.map(({ namespace }) => namespace))}
operations.values = ${JSON.stringify(named.map(({ operation }) => operation))}
teams.values = ${JSON.stringify(named.map(({ team }) => team))}
moments.values = ["${new Date().toISOString()}"]

[parameters]
"path.ns" = { dictionary = "namespaces", probability = 0.8 }
"path.id" = { dictionary = "operations", probability = 0.8 }
"path.team" = { dictionary = "teams", probability = 0.8 }
"query.namespace" = { dictionary = "namespaces", probability = 0.5 }
"query.as_of" = { dictionary = "moments", probability = 0.8 }
"query.team" = { dictionary = "teams", probability = 0.5 }

[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", 501, 503]
positive_data_acceptance.enabled = false

[[operations]]
include-path = "/api/v1/plans"
checks.negative_data_rejection.enabled = false

[[operations]]
include-path-regex = "/events$"
enabled = false
`;
