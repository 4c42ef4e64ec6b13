import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../sdk/typescript/answers.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, orderApi, queueRequest, stranger } from "./request.ts";
import { runPrism } from "./run-prism.ts";

describe("the past of a namespace", () => {
  let prism: TestPrism;
  let name: string;
  let events: readonly HistoryEvent[];
  beforeAll(async () => {
    // A machine that is busy must not look like a proxy that died.
    prism = await testPrism({ environment: { PRISM_LEASE_MS: "10000" } });
    name = prism.name("past");
    const control = await prism.control(member);
    expect((await control.namespaces.create(queueRequest(name), { waitSeconds: 30 })).status).toBe("active");
    events = (await control.namespaces.history(name)).items;
  });
  afterAll(() => prism?.close());

  const positionOf = (type: string) => events.find((event) => event.type === type)?.position ?? "";

  it("can be read at every position it went through", async () => {
    const { namespaces } = await prism.control(member);
    const requested = await namespaces.get(name, { asOf: positionOf("NamespaceRequested") });
    expect(requested).toMatchObject({ status: "provisioning", shard: null });
    expect(await namespaces.get(name, { asOf: positionOf("ShardAssigned") })).toMatchObject({
      shard: "shard-1",
    });
    expect(await namespaces.get(name, { asOf: positionOf("NamespaceActivated") })).toMatchObject({
      status: "active",
    });
    const before = String(BigInt(positionOf("NamespaceRequested")) - 1n);
    await expect(namespaces.get(name, { asOf: before })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("can be read at every time", async () => {
    const { namespaces } = await prism.control(member);
    const activated = events.find(({ type }) => type === "NamespaceActivated");
    expect(await namespaces.get(name, { asOf: activated?.recorded_at })).toMatchObject({ status: "active" });
    const earlier = new Date(Date.parse(events[0]?.recorded_at ?? "") - 1).toISOString();
    await expect(namespaces.get(name, { asOf: earlier })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("tells where it was served, and who might use it", async () => {
    const { namespaces } = await prism.control(member);
    const asOf = positionOf("NamespaceActivated");
    const now = (await namespaces.endpoints(name)).endpoints.map(({ address }) => address);
    const then = (await namespaces.endpoints(name, { asOf })).endpoints;
    expect(then).toEqual(now.map((address) => ({ address, region: "local", health: "unknown", load: 0 })));
    expect((await namespaces.endpoints(name, { asOf: positionOf("ShardAssigned") })).endpoints).toEqual([]);
    const access = await namespaces.access(name, { asOf: positionOf("ShardAssigned") });
    expect(access).toMatchObject({ owners: [{ team: "payments-team" }] });
    expect((await namespaces.list({ asOf })).items.map(({ namespace }) => namespace)).toContain(name);
    const before = String(BigInt(positionOf("NamespaceRequested")) - 1n);
    expect((await namespaces.list({ asOf: before })).items.map(({ namespace }) => namespace)).not.toContain(
      name,
    );
    await expect(namespaces.plan(name, { asOf: positionOf("NamespaceRequested") })).rejects.toMatchObject({
      code: "NAMESPACE_NOT_READY",
    });
    const selected = events.find(({ type }) => type === "PlanSelected")?.data ?? {};
    const { plan, trace, hash } = await namespaces.plan(name, { asOf: positionOf("PlanSelected") });
    expect({ trace, hash }).toEqual({ trace: selected["trace"], hash: selected["hash"] });
    expect(plan).toEqual({ ...(selected["plan"] as object), shard: null });
    expect((await namespaces.plan(name)).plan).toEqual({ ...plan, shard: "shard-1" });
  });

  it.each(["tomorrow", "2999-01-01T00:00:00Z", "99999999999", "-1"])(
    "refuses %s as a moment",
    async (asOf) => {
      const { namespaces } = await prism.control(member);
      await expect(namespaces.get(name, { asOf })).rejects.toMatchObject({
        code: "INVALID_CONFIGURATION",
        details: { field: "as_of" },
      });
    },
  );

  it("adds up: what is served follows from the events", async () => {
    const replay = await (await prism.control(member)).namespaces.replay(name);
    expect(replay).toMatchObject({
      equal: true,
      events: events.length,
      chain: { intact: true, broken_at: null },
    });
  });

  it("is no consumer's and no stranger's to read", async () => {
    await expect((await prism.control(orderApi)).namespaces.replay(name)).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    await expect((await prism.control(stranger)).namespaces.replay(name)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    const feed = (await prism.control(stranger)).events({ namespace: name, after: "0" });
    await expect(feed[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "NOT_FOUND" });
    const team = (await prism.control(stranger)).events({ team: "payments-team" });
    await expect(team[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("can be watched from any event on, without loss or repeat", async () => {
    const control = await prism.control(member);
    for (const from of [0, 1, 5, events.length - 1]) {
      const after = from === 0 ? "0" : (events[from - 1]?.position ?? "");
      const seen = await take(control.events({ namespace: name, after }), events.length - from);
      expect(seen.map(({ position }) => position)).toEqual(
        events.slice(from).map(({ position }) => position),
      );
    }
  });

  it("tells auditors who did what, and nobody else", async () => {
    const auditor = await prism.control({ subject: "user:eve", scopes: ["prism:audit"] });
    const told = async (query: object) =>
      (await auditor.audit({ namespace: name, ...query })).items.map(
        ({ actor, action, outcome }) => `${actor}: ${action}, ${outcome}`,
      );
    expect(await told({ kind: "change" })).toEqual(["user:alice: create namespace, succeeded"]);
    expect(await told({ kind: "event" })).toEqual(["user:alice: create namespace, succeeded"]);
    // Reads are recorded by the second, many at a time.
    const refusedReads = () => told({ kind: "read", outcome: "refused" });
    await expect
      .poll(refusedReads, { timeout: 30_000 })
      .toEqual(
        expect.arrayContaining([
          "user:alice: read namespace, refused",
          "service:order-api: replay history, refused",
          `${stranger.subject}: replay history, refused`,
        ]),
      );
    const { items } = await auditor.audit({ namespace: name, kind: "change" });
    expect(items[0]?.call).toMatchObject({ route: "/namespaces", status: 201, code: null, times: 1 });
    const teams = await auditor.audit({ actor: "user:root" });
    expect(teams.items.map(({ action, team }) => `${action} ${team}`)).toEqual(
      expect.arrayContaining(["define team payments-team", "define team marketing-team"]),
    );
    const after = await auditor.audit({ namespace: name, after: items[0]?.position ?? "" });
    expect(after.items.map(({ kind }) => kind)).toContain("event");
    expect(after.items.map(({ position }) => position)).not.toContain(items[0]?.position);
    await expect((await prism.control(member)).audit()).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  it("goes on for a watcher while things happen, over a restart of the control plane", async () => {
    const control = await prism.control(member);
    const second = prism.name("watched");
    const feed = control.events({ team: "payments-team", after: events.at(-1)?.position });
    const seen: HistoryEvent[] = [];
    const watching = (async () => {
      for await (const event of feed) {
        seen.push(event);
        if (event.type === "NamespaceActivated") return;
      }
    })();
    await prism.processes.stop("api", "SIGKILL");
    await prism.processes.start("api");
    await control.namespaces.create(queueRequest(second), { waitSeconds: 30 });
    await watching;
    const stored = (await control.namespaces.history(second)).items.map(({ position }) => position);
    const theirs = seen
      .filter(({ stream }) => stream === `namespace-${second}`)
      .map(({ position }) => position);
    expect(theirs).toEqual(stored);
    expect(seen.map(({ type }) => type)).toContain("QuotaReserved");
  });

  it("says how far each projection is behind", async () => {
    const metrics = await (await fetch(`${prism.api}/metrics`)).text();
    for (const projection of ["namespaces", "operations", "teams", "audit"]) {
      expect(metrics).toMatch(
        new RegExp(`prism_projection_lag_seconds\\{projection="${projection}"\\} [0-9.]+`),
      );
    }
  });

  it("can be verified whole by auditors, and by nobody else", async () => {
    const auditor = await prism.token({ subject: "user:eve", scopes: ["prism:audit"] });
    const { code, stdout } = await runPrism(prism.api, auditor, ["audit", "verify", "-o", "json"]);
    const verified = JSON.parse(stdout) as { intact: boolean; events: number; streams: number };
    expect({ code, ...verified }).toMatchObject({ code: 0, intact: true, findings: [] });
    expect(verified.events).toBeGreaterThan(events.length);
    // Two namespaces and two teams at least.
    expect(verified.streams).toBeGreaterThanOrEqual(4);
    const theirs = await runPrism(prism.api, await prism.token(member), ["audit", "verify"]);
    expect(theirs).toMatchObject({ code: 1, stderr: expect.stringContaining("FORBIDDEN") });
  });

  it("tells when an event was changed in the store", async () => {
    const client = new pg.Client({ connectionString: prism.environment["PRISM_CONTROL_URL"] });
    await client.connect();
    const { rows } = await client.query(
      "select table_schema, table_name from information_schema.columns where column_name = 'revision' and table_schema = 'eventstore'",
    );
    const { table_schema, table_name } = rows[0];
    const tampered = await client.query(
      `update ${table_schema}.${table_name} set data = replace(data::text, 'shard-1', 'shard-2')::jsonb where stream = $1 and type = 'ShardAssigned' returning revision`,
      [`namespace-${name}`],
    );
    await client.end();
    expect(tampered.rowCount).toBe(1);
    const revision = String((tampered.rows[0] as { revision: unknown }).revision);
    const replay = await (await prism.control(member)).namespaces.replay(name);
    expect(replay).toMatchObject({ equal: false, chain: { intact: false, broken_at: revision } });
    const auditor = await prism.token({ subject: "user:eve", scopes: ["prism:audit"] });
    const { code, stdout, stderr } = await runPrism(prism.api, auditor, ["audit", "verify"]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`'namespace-${name}' revision ${revision}`),
    });
    expect(stdout).toMatch(
      new RegExp(`namespace-${name}\\s+${revision}\\s+${positionOf("ShardAssigned")}\\s+what is stored`),
    );
  });
});

async function take<T>(from: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const each of from) {
    taken.push(each);
    if (taken.length === count) break;
  }
  return taken;
}
