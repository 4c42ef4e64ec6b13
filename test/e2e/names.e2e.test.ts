import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { holdings } from "./holdings.ts";
import { member } from "./request.ts";

/** Between them all five backends. */
const asked = [
  { on: "Kafka, and Postgres as its log", client_api: "queue", needs: { durability: "strong" } },
  { on: "NATS", client_api: "pubsub", needs: {} },
  { on: "Redis", client_api: "keyvalue", needs: { ttl: "15min" } },
  { on: "a schema of Postgres", client_api: "transact", needs: {} },
  { on: "S3, beside NATS", client_api: "pubsub", needs: { max_message_size: "50MB" } },
];

/** Without what probes wrote into Redis: that ends by itself. */
const lasting = (census: readonly (readonly string[])[]) =>
  census.map((held) => held.filter((name) => !name.endsWith(":prism-probe")));

/** Words of SQL, of the backends and of file systems: names like any others. */
const words = soaking
  ? ["select", "all", "default", "con", "table", "null", "public", "admin", "postgres", "nul", "true"]
  : ["select", "default"];

describe("names", { timeout: 300_000 }, () => {
  let prism: TestPrism;
  let alice: Control;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
  });
  afterAll(() => prism?.close());

  const long = (last: string) => `${prism.name("n")}-`.padEnd(63, "x") + last;
  const named = (names: readonly string[], { client_api, needs }: (typeof asked)[number]) =>
    names.map((namespace) => ({
      ...{ namespace, team: "payments-team", client_api, needs },
      access: { owners: [{ team: "payments-team" }], consumers: [] },
    }));
  const create = async (request: { namespace: string }) => {
    const { status } = await alice.namespaces.create(request, { waitSeconds: 60 });
    expect(status).toBe("active");
    const { items } = await alice.namespaces.history(request.namespace, { type: "ProbeSucceeded" });
    expect(items.length).toBeGreaterThan(0);
  };
  const remove = async (namespace: string) => {
    const { status } = await alice.namespaces.delete(namespace, { confirm: namespace, waitSeconds: 60 });
    expect(status).toBe("deleted");
  };

  it.each(asked)("stand side by side, in any length and of any words: $on", async (one) => {
    // Redis has a user of that name, which stays its own.
    const mine = words.filter((word) => !(one.on === "Redis" && word === "default"));
    const others = [long("z"), prism.name("a-b"), prism.name("ab"), ...mine];
    const census = () =>
      Promise.all([prism.name(""), ...mine].map((part) => holdings(prism.environment, part)));
    const nothing = await census();
    await Promise.all(named(others, one).map(create));
    const without = await census();
    expect(without).not.toEqual(nothing);
    // Another only in its last character: it comes and goes, and nobody else's is touched.
    const [last = expect.fail()] = named([long("y")], one);
    await create(last);
    expect(lasting(await census())).not.toEqual(lasting(without));
    await remove(last.namespace);
    expect(lasting(await census())).toEqual(lasting(without));
    await Promise.all(others.map(remove));
    expect(await census()).toEqual(nothing);
  });

  it("default: a create in Redis says that it cannot have it, and gives the name back", async () => {
    const [request = expect.fail()] = named(["default"], asked[2] ?? expect.fail());
    const refused = alice.namespaces.create(request, { waitSeconds: 60 });
    await expect(refused).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
    const ended = async () => (await alice.namespaces.get("default")).status;
    await expect.poll(ended, { timeout: 60_000 }).toBe("failed");
    const [elsewhere = expect.fail()] = named(["default"], asked[0] ?? expect.fail());
    await create(elsewhere);
    await remove("default");
  });
});
