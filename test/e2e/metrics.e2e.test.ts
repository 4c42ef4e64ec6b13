import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, orderApi, platform, queueRequest } from "./request.ts";
import { runPrism } from "./run-prism.ts";
import { reconciled } from "./sweep.ts";

describe("the control plane's metrics", () => {
  let prism: TestPrism;
  let doomed: string;
  beforeAll(async () => {
    prism = await testPrism({ names: ["api", "proxy"] });
    doomed = prism.name("retried");
    await prism.processes.start("worker", { PRISM_FAILPOINT: `probe:before:${doomed}` });
  });
  afterAll(() => prism?.close());

  /** The value of one line, as Prometheus reads it; `undefined` where there is none. */
  async function scraped(process: "api" | "workerOperator", line: string): Promise<number | undefined> {
    const text = await (await fetch(`http://${prism.processes.addresses[process]}/metrics`)).text();
    const found = text.split("\n").find((one) => one.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length));
  }
  const worker = (line: string) => scraped("workerOperator", line);

  it("are there before anything happened", async () => {
    expect(await worker('prism_operations_total{kind="create",state="succeeded"}')).toBe(0);
    expect(await worker('prism_operations_total{kind="delete",state="failed"}')).toBe(0);
    expect(await worker('prism_operation_duration_seconds_count{kind="update"}')).toBe(0);
    expect(await worker('prism_step_retries_total{step="ensure"}')).toBe(0);
    expect(await worker("prism_eventstore_append_seconds_count")).toBe(0);
  });

  it("count a create that ended, and how long it took", async () => {
    const control = await prism.control(member);
    const begun = performance.now();
    await control.namespaces.create(queueRequest(prism.name("counted")), { waitSeconds: 30 });
    await until(async () => (await worker('prism_operations_total{kind="create",state="succeeded"}')) === 1);
    const waited = (performance.now() - begun) / 1_000;
    expect(await worker('prism_operation_duration_seconds_count{kind="create"}')).toBe(1);
    const took = await worker('prism_operation_duration_seconds_sum{kind="create"}');
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThan(waited);
    expect(await worker('prism_operations_total{kind="create",state="failed"}')).toBe(0);
    expect(await worker("prism_eventstore_append_seconds_count")).toBeGreaterThan(5);
  });

  it("count what a killed worker's step was tried again, by kind of step", async () => {
    const control = await prism.control(member);
    const { operation } = await control.namespaces.create(queueRequest(doomed));
    await until(() => !prism.processes.running("worker"));
    await prism.processes.start("worker");
    await until(async () => (await control.operations.get(operation?.id ?? "")).ended_at !== null);
    expect(await worker('prism_step_retries_total{step="probe"}')).toBeGreaterThanOrEqual(1);
    await until(async () => (await worker('prism_operations_total{kind="create",state="succeeded"}')) === 1);
    const text = await (await fetch(`http://${prism.processes.addresses.workerOperator}/metrics`)).text();
    expect(text).not.toContain(doomed);
  });

  it("tell what a namespace keeps and reserves; its team is told too, and nothing is refused", async () => {
    const [control, root, orders] = [
      await prism.control(member),
      await prism.control(platform),
      prism.name("full"),
    ];
    const needs = { data_size: "1MB", max_message_size: "1MB" };
    await control.namespaces.create(queueRequest(orders, { needs }), { waitSeconds: 60 });
    const client = await prism.client(orders, orderApi);
    const large = "x".repeat(850_000);
    await client.queue.publish("orders", large);
    const data = async () => (await control.namespaces.get(orders)).data;
    expect(await data()).toMatchObject({ data_bytes: null, alarm: false });
    await reconciled(root);
    await until(async () => (await data())?.alarm === true);
    const { data_bytes, by_backend } = (await data()) ?? expect.fail();
    expect(data_bytes).toBeGreaterThanOrEqual(850_000);
    expect(by_backend["kafka"]).toBeGreaterThanOrEqual(850_000);
    expect(await scraped("api", `prism_namespace_data_bytes{namespace="${orders}"}`)).toBe(data_bytes);
    expect(await scraped("api", `prism_namespace_data_size_bytes{namespace="${orders}"}`)).toBe(1_000_000);
    const got = await runPrism(prism.api, await prism.token(member), ["namespace", "get", orders]);
    expect(got.stdout).toMatch(/data +.*of 1MB NEARLY FULL .*kafka/);
    await client.queue.publish("orders", large);
    await reconciled(root);
    const { items } = await control.namespaces.history(orders, { type: "DataAlarmRaised" });
    expect(items.map((event) => event.data)).toEqual([{ namespace: orders, data_bytes, data_size: "1MB" }]);
    expect((await data())?.data_bytes).toBeGreaterThan(data_bytes ?? 0);
    await client.close();
  });

  it("tell how long proxies may go on without the control plane, and what appends take", async () => {
    const leases = async () => {
      const text = await (await fetch(`${prism.api}/metrics`)).text();
      const told = text.matchAll(/^prism_proxy_lease_seconds\{proxy="[^"]+"\} ([0-9.]+)$/gm);
      return [...told].map(([, seconds]) => Number(seconds));
    };
    // On a machine that is busy one may have lapsed for a moment.
    await until(async () => (await leases()).length === 1);
    expect(Math.max(...(await leases()))).toBeLessThanOrEqual(2);
    // Two teams were defined by the API itself.
    expect(await scraped("api", "prism_eventstore_append_seconds_count")).toBeGreaterThanOrEqual(2);
    await prism.processes.stop("proxy");
    await until(async () => (await leases()).length === 0);
  });
});
