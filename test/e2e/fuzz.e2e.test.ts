import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder } from "../../stack/cache.ts";
import { runCommand } from "../../stack/run-command.ts";
import { schemathesis } from "../../stack/schemathesis.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { configuration, type Side } from "./fuzz-configuration.ts";
import { type Streamed, streamed } from "./fuzz-streams.ts";

/** There are four runs. In `npm test` each calls everything a few times; in the long run, for twenty seconds. */
const effort =
  process.env["PRISM_SOAK_SECONDS"] === undefined
    ? ["--phases", "fuzzing", "--max-examples", "5"]
    : ["--max-time", "20"];
/** Streams that are opened at once, in each of four runs. */
const streams = process.env["PRISM_SOAK_SECONDS"] === undefined ? 40 : 400;

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

  it("shows nobody what is another team's in a stream of events either", async () => {
    const [payments, marketing] = sides;
    for (const [asker, other] of [
      [payments, marketing],
      [marketing, payments],
    ] as const) {
      const blind: Streamed[] = [];
      // On a machine that is busy nothing may come in the first moments of a stream.
      const tellsOwn = async () => {
        blind.push(...(await streamed(prism.api, asker, [asker], streams)));
        return blind.some(({ body }) => tells(asker.secrets)(body));
      };
      await expect.poll(tellsOwn).toBe(true);
      const guessing = await streamed(prism.api, asker, [asker, other], streams);
      for (const { status, body } of [...blind, ...guessing]) {
        expect([200, 400, 403, 404]).toContain(status);
        expect(tells(other.secrets.slice(0, 2))(body)).toBe(false);
      }
      expect(blind.filter(({ body }) => tells(other.secrets)(body))).toEqual([]);
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
