import { beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { as, startProxy } from "./stage.ts";

let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;

beforeAll(async () => {
  control = await controlPlane();
  control.put(queueEntry("orders", "orders-queue"));
  proxy = await startProxy(control, { kafkaBrokers: ["127.0.0.1:1"] });
  await control.acknowledged();
});

describe("while Kafka is away", () => {
  it("a publish fails clearly, and is counted against the backend", async () => {
    await expect(as("owner", "orders", proxy).queue.publish("t", 1)).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      details: { backend: "kafka", retry_after_ms: "1000" },
    });
    const metrics = await (await fetch(`http://127.0.0.1:${proxy.operatorPort}/metrics`)).text();
    expect(metrics).toContain('prism_backend_errors_total{namespace="orders",backend="kafka"} 1');
  });

  it("it is not ready, and says why", async () => {
    const answer = await fetch(`http://127.0.0.1:${proxy.operatorPort}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      ready: false,
      checks: { directory: "ok", kafka: expect.stringContaining("Kafka") },
    });
  });
});
