import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";

const example = "docs/examples/order-processing/namespace-request.yaml";

describe("the command line", () => {
  let prism: TestPrism;
  let name: string;
  let tokens: Readonly<Record<"member" | "platform", string>>;
  beforeAll(async () => {
    prism = await testPrism();
    name = prism.name("cli");
    tokens = {
      member: await prism.token(member),
      platform: await prism.token({ subject: "user:root", scopes: ["prism:platform"] }),
    };
    await (await prism.control(member)).namespaces.create(queueRequest(name), { waitSeconds: 30 });
  });
  afterAll(() => prism?.close());

  const run = (as: keyof typeof tokens, ...args: string[]) => runPrism(prism.api, tokens[as], args);

  it("shows a plan and its reasons, for people and for programs", async () => {
    const shown = await run("member", "plan", "-f", example);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toMatch(/RULE\s+FIRED\s+BECAUSE/);
    expect(shown.stdout).toMatch(/kafka\s+topic\s+order-processing-queue/);
    const json = JSON.parse((await run("member", "plan", "-f", example, "-o", "json")).stdout) as {
      hash: string;
    };
    expect(json.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("explains what was built", async () => {
    const { code, stdout } = await run("member", "namespace", "explain", name);
    expect(code).toBe(0);
    expect(stdout).toMatch(/kafka\s+yes\s+ordered is true/);
  });

  it("tells a past that adds up, and what changed in it", async () => {
    const replay = await run("member", "namespace", "replay", name);
    expect(replay.stdout).toMatch(/what is served\s+follows from them/);
    const { items } = await (await prism.control(member)).namespaces.history(name);
    const from = items.find(({ type }) => type === "PlanSelected")?.position ?? "";
    const { stdout } = await run("member", "namespace", "diff", name, "--from", from);
    expect(stdout).toMatch(/status\s+provisioning\s+active/);
    expect(stdout).toMatch(/shard\s+-\s+shard-1/);
    expect((await run("member", "namespace", "history", name)).stdout).toContain("NamespaceActivated");
  });

  it("keeps teams, for the platform alone", async () => {
    const set = await run(
      "platform",
      "team",
      "set",
      "small-team",
      "--write-rps",
      "5k",
      "--data-size",
      "10GB",
      "--namespaces",
      "2",
    );
    expect(set.stdout).toMatch(/small-team\s+write_rps\s+5000/);
    expect((await run("platform", "team", "get", "small-team")).stdout).toContain("10GB");
    const refused = await run("member", "team", "set", "small-team", "--namespaces", "9");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("FORBIDDEN") });
    const nonsense = await run("platform", "team", "set", "small-team", "--data-size", "lots");
    expect(nonsense.stderr).toContain("at: quota.data_size");
  });

  it("tells auditors who did what", async () =>
    expect((await run("platform", "audit", "list", "--namespace", name)).stdout).toMatch(
      /user:alice\s+create namespace\s+succeeded/,
    ));

  it("takes a catalogue apart, and says of each what would become of it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "prism-catalogue-"));
    const file = join(folder, "catalogue.yaml");
    writeFileSync(
      file,
      "namespaces:\n  - { name: first, pattern: durable-queue }\n  - { name: second, pattern: queue }\n",
    );
    const { code, stdout } = await run("member", "plan", "-f", file, "--team", "payments-team", "-o", "json");
    rmSync(folder, { recursive: true });
    const plans = JSON.parse(stdout) as { namespace: string; plan: { patterns: { type: string }[] } }[];
    expect(code).toBe(0);
    expect(plans.map(({ namespace, plan }) => [namespace, ...plan.patterns.map(({ type }) => type)])).toEqual(
      [["first", "wal"], ["second"]],
    );
  });

  it("says which kind of failure it was, by its exit code", async () => {
    expect(await run("member", "namespace", "get", "nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_FOUND"),
    });
    expect(await run("member", "namespace", "gett", name)).toMatchObject({ code: 2 });
    expect(await run("member", "plan", "-f", "no-such-file")).toMatchObject({ code: 2 });
    expect(await run("platform", "shard", "move", name)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no other shard takes"),
    });
    expect(await run("member", "namespace", "delete", name)).toMatchObject({ code: 2 });
    expect(await run("member", "namespace", "update", name, "--team", "x")).toMatchObject({ code: 2 });
    expect(await run("platform", "operation", "approve", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_FOUND"),
    });
    expect(await run("platform", "operation", "reject", "x")).toMatchObject({ code: 2 });
  });

  it("changes what is asked for, and takes it away", async () => {
    const wait = ["--wait", "-o", "json"];
    const changed = await run(
      "member",
      "namespace",
      "update",
      name,
      "--needs.write_rps",
      "260",
      "--add-consumer",
      "billing:read-only",
      ...wait,
    );
    expect(JSON.parse(changed.stdout)).toMatchObject({
      version: 2,
      needs: { write_rps: 260 },
      access: { consumers: expect.arrayContaining([{ service: "billing", access: "read-only" }]) },
    });
    const gone = await run("member", "namespace", "delete", name, "--confirm", ...wait);
    expect(JSON.parse(gone.stdout)).toMatchObject({ status: "deleted" });
  });
});
