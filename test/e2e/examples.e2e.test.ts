import { globSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { JsonObject } from "../../domain/json.ts";
import { inventoryOfThisBuild } from "../../domain/selection/this-build.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { asked } from "../domain/asking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member } from "./request.ts";

const inventory = inventoryOfThisBuild({
  kafkaBrokers: 1,
  maxPartitions: 256,
  natsServers: 1,
  redis: true,
  tenants: true,
  s3: true,
});

/** The same request under another name, in either of the forms. */
function named(document: JsonObject, name: string): JsonObject {
  const [only] = (document["namespaces"] ?? []) as readonly JsonObject[];
  return only === undefined
    ? { ...document, namespace: name }
    : { ...document, namespaces: [{ ...only, name }] };
}

/** Examples that this build carries out without anybody's approval, as alice's team asks for them. */
const examples = globSync("docs/examples/**/*.yaml")
  .sort()
  .flatMap((file) => {
    const document = parse(readFileSync(file, "utf8")) as JsonObject;
    const access = { ...(document["access"] as JsonObject | undefined), owners: [{ team: "payments-team" }] };
    const request = { ...document, team: "payments-team", access };
    const examined = asked(request, { inventory });
    if (!examined.accepted || examined.selection.approval.length > 0) return [];
    const { patterns, backend, resources } = examined.selection.plan;
    const chain = patterns.map(({ type }) => type).join(", ") || "no patterns";
    return [
      { file: file.replace("docs/examples/", ""), request, on: `${chain} on ${backend.type}`, resources },
    ];
  });

describe("the examples", () => {
  let prism: TestPrism;
  let alice: Control;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
  });
  afterAll(() => prism?.close());

  it("stand on every backend that serves a client API here", () => {
    const backends = new Set(examples.map(({ on }) => on.split(" on ")[1]));
    expect([...backends].sort()).toEqual(["kafka", "nats", "postgres", "redis"]);
    expect(new Set(examples.flatMap(({ resources }) => resources.map(({ backend }) => backend))).size).toBe(
      5,
    );
  });

  it.each(examples)("$file becomes active: $on", async ({ request, resources, file }) => {
    const namespace = prism.name(`e${examples.findIndex((one) => one.file === file)}`);
    const created = await alice.namespaces.create(named(request, namespace), { waitSeconds: 60 });
    expect(created.status).toBe("active");
    const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
    expect(items).toHaveLength(resources.length);
  });
});
