import { credentials, Metadata, makeGenericClientConstructor, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../domain/json.ts";
import type { PatternType } from "../../domain/plan.ts";
import { notEnforced } from "../../domain/selection/enforced.ts";
import { inventoryOfThisBuild } from "../../domain/selection/this-build.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { asked } from "../domain/asking.ts";
import { type Row, rows } from "../domain/selection/golden-table.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, platform } from "./request.ts";

const servers = { kafkaBrokers: 1, maxPartitions: 256, natsServers: 1, redis: true, tenants: true, s3: true };
const inventory = inventoryOfThisBuild(servers);

/** What this build makes of every row of design.md's table; nobody chose which. */
const isBuilt = ({ asks }: Row): boolean => asked(asks, { inventory }).accepted;
const active = rows.filter(isBuilt);
const refused = rows.filter((row) => !isBuilt(row));

/** The first call of each client API that has no service yet. */
const calls: Readonly<Record<string, string>> = {
  pubsub: "/prism.v1.PubSubService/Publish",
  keyvalue: "/prism.v1.KeyValueService/Get",
  reader: "/prism.v1.ReaderService/Get",
  transact: "/prism.v1.TransactService/Write",
};

describe("the golden table", { timeout: 300_000 }, () => {
  let prism: TestPrism;
  let alice: Control;
  let root: Control;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
    root = await prism.control(platform);
  });
  afterAll(() => prism?.close());

  const named = ({ example, asks }: Row): JsonObject & { namespace: string } => ({
    ...asks,
    namespace: prism.name(`row-${rows.findIndex((row) => row.example === example)}`),
  });

  /** Unary, and with nothing in it: what answers is whether there is such a service. */
  const codeOf = async (path: string, namespace: string): Promise<number | undefined> => {
    const bytes = (value: Buffer) => value;
    const codec = { requestSerialize: bytes, requestDeserialize: bytes };
    const back = { responseSerialize: bytes, responseDeserialize: bytes };
    const method = { path, requestStream: false, responseStream: false, ...codec, ...back };
    const Service = makeGenericClientConstructor({ call: method }, "unbuilt");
    const address = `127.0.0.1:${prism.environment["PRISM_PROXY_PORT"]}`;
    const client = new Service(address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("prism-namespace", namespace);
    metadata.set("authorization", `Bearer ${await prism.token(member)}`);
    try {
      return await new Promise((resolve) =>
        client["call"]?.(Buffer.alloc(0), metadata, (error: { code: number } | null) => resolve(error?.code)),
      );
    } finally {
      client.close();
    }
  };

  it.concurrent.each(active)("$example becomes active on $backend", async (row) => {
    const request = named(row);
    const { namespace } = request;
    const { operation } = await alice.namespaces.create(request);
    const id = operation?.id ?? "";
    const now = () => alice.operations.get(id);
    if (row.approval !== undefined) {
      await until(async () => (await now()).state === "awaiting_approval", 200_000);
      await root.operations.approve(id, { plan_hash: (await now()).plan_hash ?? "" });
    }
    await until(async () => (await now()).state === "succeeded", 200_000);

    const { plan, ...shown } = await alice.namespaces.plan(namespace);
    expect(plan.backend.type).toBe(row.backend);
    expect(shown).toMatchObject({
      not_enforced_yet: expect.arrayContaining([...notEnforced(row.patterns as readonly PatternType[])]),
    });
    const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
    expect(items).toHaveLength(plan.resources.length);
    const places = [...new Set(plan.resources.map(({ backend }) => backend))].sort();
    if (row.places !== undefined) expect(places).toEqual(row.places);
    const call = calls[String(row.asks["client_api"])];
    if (call !== undefined) expect(await codeOf(call, namespace)).toBe(status.UNIMPLEMENTED);
  });

  it.concurrent.each(refused)("$example needs what is not built, and is told so", (row) =>
    expect(alice.namespaces.create(named(row))).rejects.toMatchObject({ code: "UNIMPLEMENTED" }),
  );

  it("is for the greater part active, on all five", () => {
    expect(active.length).toBeGreaterThan(refused.length);
    expect(new Set(active.flatMap(({ places = [] }) => places)).size).toBe(5);
  });
});
