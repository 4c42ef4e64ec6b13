import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brokenNetwork, type Trouble } from "../backends/broken-network.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member } from "./request.ts";

const keyvalue = (namespace: string) => ({
  namespace,
  team: "payments-team",
  client_api: "keyvalue",
  needs: {},
  access: { owners: [{ team: "payments-team" }], consumers: [] },
});

/** Attempts that a step has until its operation parks. */
const attempts = 3;

describe("a create over a broken network", () => {
  let prism: TestPrism;
  let network: Awaited<ReturnType<typeof brokenNetwork>>;
  beforeAll(async () => {
    const redis = new URL(process.env["PRISM_REDIS_URL"] ?? "");
    network = await brokenNetwork({ host: redis.hostname, port: Number(redis.port) });
    redis.port = String(network.port);
    prism = await testPrism({
      environment: {
        PRISM_REDIS_URL: redis.href,
        PRISM_BACKEND_DEADLINE_MS: "700",
        PRISM_STEP_ATTEMPTS: String(attempts),
      },
    });
  });
  afterAll(async () => {
    await prism?.close();
    await network?.close();
  });

  it.each<Trouble>([
    { kind: "reset", after: 3 },
    { kind: "half-open", after: 3 },
    { kind: "black hole", after: 0 },
  ])("$kind: waits, tries again, parks, says why, and finishes when it is told to", async (trouble) => {
    const alice = await prism.control(member);
    const namespace = prism.name(`net-${trouble.kind.replace(" ", "-")}`);
    network.be(trouble);
    const { operation } = await alice.namespaces.create(keyvalue(namespace));
    const id = operation?.id ?? "";
    const state = async () => (await alice.operations.get(id)).state;
    await expect.poll(state, { timeout: 60_000 }).toBe("waiting");
    const failures = (await alice.namespaces.history(namespace, { type: "StepFailed" })).items;
    expect(JSON.stringify(failures)).toContain("BACKEND_UNAVAILABLE");
    network.be({ kind: "none" });
    await alice.operations.retry(id);
    await expect.poll(state, { timeout: 60_000 }).toBe("succeeded");
    expect((await alice.namespaces.get(namespace)).status).toBe("active");
    const { items } = await alice.namespaces.history(namespace, { type: "ResourceProvisioned" });
    expect(items).toHaveLength(1);
  });

  it("latency: takes longer, and nothing else", async () => {
    const alice = await prism.control(member);
    network.be({ kind: "latency", ms: 20 });
    const created = await alice.namespaces.create(keyvalue(prism.name("net-late")), { waitSeconds: 60 });
    expect(created.status).toBe("active");
    network.be({ kind: "none" });
  });

  it("given up while it lasts, it leaves nothing once the network is back", async () => {
    const alice = await prism.control(member);
    const namespace = prism.name("net-given-up");
    network.be({ kind: "half-open", after: 6 });
    const { operation } = await alice.namespaces.create(keyvalue(namespace));
    const id = operation?.id ?? "";
    const state = async () => (await alice.operations.get(id)).state;
    await expect.poll(state, { timeout: 60_000 }).toBe("waiting");
    await alice.operations.abandon(id);
    network.be({ kind: "none" });
    await expect.poll(state, { timeout: 60_000 }).toBe("failed");
    const again = await alice.namespaces.create(keyvalue(namespace), { waitSeconds: 60 });
    expect(again.status).toBe("active");
  });
});
