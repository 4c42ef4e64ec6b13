import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditRow } from "../../sdk/typescript/audit.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";

describe("the audit log", () => {
  let prism: TestPrism;
  let auditor: Control;
  beforeAll(async () => {
    prism = await testPrism({ names: ["api"], environment: { PRISM_ANCHOR_SECONDS: "1" } });
    auditor = await prism.control({ subject: "user:eve", scopes: ["prism:audit"] });
  });
  afterAll(() => prism?.close());

  const deedsOf = async (actor: string): Promise<readonly AuditRow[]> =>
    (await auditor.audit({ actor })).items;
  const database = () => new pg.Client({ connectionString: prism.environment["PRISM_CONTROL_URL"] });

  it("holds what was refused, by whom and why, and where nobody was signed in", async () => {
    const wish = { subject: "user:oscar", teams: ["marketing-team"] };
    const oscar = await prism.control(wish);
    const name = prism.name("audited");
    await expect(oscar.namespaces.create(queueRequest(name))).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(oscar.namespaces.get("nothing-here")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(oscar.teams.set("marketing-team", { namespaces: 7 })).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    await expect(oscar.namespaces.create({ namespace: "?", team: "marketing-team" })).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
    });
    expect((await fetch(`${prism.api}/api/v1/namespaces`)).status).toBe(401);
    const told = ({ action, outcome, namespace, team, call }: AuditRow) =>
      [action, outcome, call?.code, call?.status, namespace ?? team].join(" ");
    expect((await deedsOf("user:oscar")).map(told).sort()).toEqual([
      `create namespace refused FORBIDDEN 403 ${name}`,
      "create namespace refused INVALID_CONFIGURATION 400 marketing-team",
      "define team refused FORBIDDEN 403 marketing-team",
      "read namespace refused NOT_FOUND 404 nothing-here",
    ]);
    expect((await deedsOf("anonymous")).map(told)).toEqual(["list namespaces refused UNAUTHENTICATED 401 "]);
  });

  it("survives the process: what was answered a moment before it is stopped is in it", async () => {
    const trent = await prism.control({ subject: "user:trent", teams: ["payments-team"] });
    for (let look = 0; look < 3; look += 1) await trent.namespaces.list();
    await prism.processes.stop("api");
    await prism.processes.start("api");
    const rows = await deedsOf("user:trent");
    expect(new Set(rows.map(({ action }) => action))).toEqual(new Set(["list namespaces"]));
    // Those of one second are one.
    expect(rows.reduce((sum, { call }) => sum + (call?.times ?? 0), 0)).toBe(3);
  });

  it("is anchored in S3, and verified against it", async () => {
    await until(async () => (await auditor.verify()).anchors.last !== null);
    const token = await prism.token({ subject: "user:eve", scopes: ["prism:audit"] });
    const { code, stdout } = await runPrism(prism.api, token, ["audit", "verify"]);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/anchors +[1-9].*\n.*intact/),
    });
  });

  it("is found to be cut off at its end", async () => {
    // Nobody writes meanwhile: an append under way would leave a gap, which is found as such.
    await prism.processes.stop("api");
    const client = database();
    await client.connect();
    try {
      const { rows } = await client.query(
        "delete from eventstore.events where position > 3 returning position",
      );
      expect(rows.length).toBeGreaterThan(3);
    } finally {
      await client.end();
    }
    await prism.processes.start("api");
    const token = await prism.token({ subject: "user:eve", scopes: ["prism:audit"] });
    const { code, stderr } = await runPrism(prism.api, token, ["audit", "verify"]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cut off|written anew/),
    });
  });
});
