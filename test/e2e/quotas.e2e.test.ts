import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";

describe("a quota that is lowered below its use", () => {
  let prism: TestPrism;
  let platform: Control;
  let member: Control;
  let token: string;
  let operation: string;
  const team = "lean-team";
  const asked = (name: string, write_rps: number) =>
    queueRequest(name, { team, needs: { write_rps }, access: { owners: [], consumers: [] } });
  beforeAll(async () => {
    prism = await testPrism({ names: ["api", "worker"] });
    const wish = { subject: "user:root", scopes: ["prism:platform"] };
    platform = await prism.control(wish);
    token = await prism.token(wish);
    member = await prism.control({ subject: "user:lena", teams: [team] });
    await platform.teams.set(team, { write_rps: 200_000, read_rps: 1_000, data_size: "1TB", namespaces: 5 });
    // It waits for approval, with its quota reserved.
    const waiting = await member.namespaces.create(asked(prism.name("large"), 150_000), { waitSeconds: 40 });
    operation = waiting.operation?.id ?? "";
    await until(async () => (await platform.teams.get(team)).reserved.write_rps === 150_000);
  });
  afterAll(() => prism?.close());

  const set = (...more: string[]) =>
    runPrism(prism.api, token, ["team", "set", team, "--write-rps", "100k", "-o", "json", ...more]);

  it("is refused, unless the platform forces it; then the team is flagged", async () => {
    const refused = await set();
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/QUOTA_EXCEEDED: .*below what is reserved/),
    });
    expect(await member.teams.get(team)).toMatchObject({ quota: { write_rps: 200_000 }, over_quota: [] });
    await expect(member.teams.set(team, { write_rps: 1 }, { force: true })).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    const forced = await set("--force");
    expect(JSON.parse(forced.stdout)).toMatchObject({
      quota: { write_rps: 100_000 },
      over_quota: ["write_rps"],
    });
    expect((await runPrism(prism.api, token, ["team", "get", team])).stdout).toContain("OVER QUOTA");
  });

  it("lets nothing of the team grow, however small, until it is within it again", async () => {
    const small = asked(prism.name("small"), 1);
    await expect(member.namespaces.create(small)).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
      details: { field: "needs.write_rps", quota: 100_000 },
    });
    expect((await member.preview(small)).violations).toMatchObject([{ code: "QUOTA_EXCEEDED" }]);
    await member.operations.cancel(operation);
    await until(async () => (await member.teams.get(team)).over_quota.length === 0);
    expect((await member.preview(small)).violations).toEqual([]);
  });
});
