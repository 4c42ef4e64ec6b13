import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prism } from "../../sdk/typescript/prism.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "../proxy/control-plane.ts";
import { data, kafkaTopic, startProxy } from "../proxy/stage.ts";

let control: ControlPlane;
let topic: string;
let api: Server;
let discovery: string;
let endpoints: { address: string; health: string }[] = [];
const asked: (string | undefined)[] = [];

/** As much of the REST side as discovery needs. */
const restApi = () =>
  createServer((request, response) => {
    asked.push(request.headers.authorization);
    if (request.url !== "/api/v1/namespaces/orders/endpoints") {
      const error = { code: "NOT_FOUND", message: "no such namespace", details: {} };
      response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ namespace: "orders", endpoints }));
  });

beforeAll(async () => {
  control = await controlPlane();
  topic = await kafkaTopic(1);
  await (await data()).provision("orders");
  control.put(queueEntry("orders", topic, { patterns: logged }));
  api = restApi();
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  discovery = `api://127.0.0.1:${(api.address() as AddressInfo).port}`;
});

afterAll(() => void api.close());

async function start(proxyId: string) {
  const started = await startProxy(control, { proxyId });
  await control.acknowledged();
  return started;
}

/** How many requests to the namespace a proxy counts. */
async function served({ operatorPort }: { readonly operatorPort: number }): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${operatorPort}/metrics`)).text();
  return Number(/prism_namespace_requests_total\{namespace="orders"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

describe("a client that discovers its proxies", () => {
  it("asks with its token, follows them when they move, and takes its token anew each time", async () => {
    const first = await start("first");
    endpoints = [{ address: first.address, health: "healthy" }];
    let tokens = 0;
    const token = () => {
      tokens++;
      return "owner";
    };
    const client = prism({ namespace: "orders", discovery, token });
    const consumption = client.queue.consume("t", { group: "g", from: "earliest" });
    await client.queue.publish("t", "before");
    const before = (await consumption.next()).value;
    await before?.ack();
    expect([before?.json(), asked[0]]).toEqual(["before", "Bearer owner"]);

    const second = await start("second");
    endpoints = [{ address: second.address, health: "healthy" }];
    await first.stop();
    await client.queue.publish("t", "after");
    expect((await consumption.next()).value?.json()).toBe("after");
    await consumption.return();
    expect(tokens).toBeGreaterThan(3);
    client.close();
  });

  it("spreads over several proxies", async () => {
    const [one, two] = await Promise.all([start("round-1"), start("round-2")]);
    const client = prism({ namespace: "orders", token: "owner", endpoints: [one.address, two.address] });
    for (let at = 0; at < 40; at++) await client.queue.publish("round", at);
    client.close();
    const [first, second] = [await served(one), await served(two)];
    expect(first + second).toBe(40);
    // By chance: that one of them gets none comes once in 5 * 10^11 runs.
    expect(Math.min(first, second)).toBeGreaterThan(0);
  });

  it("rejects with the control plane's own answer", async () => {
    const client = prism({ namespace: "nothing", discovery, token: "owner" });
    await expect(client.queue.publish("t", 1)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "no such namespace",
    });
    await expect(client.queue.consume("t", { group: "g" }).ready).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    client.close();
  });

  it("ends a loop that is left, and gives back what it did not acknowledge", async () => {
    const proxy = await start("loop");
    const client = prism({ namespace: "orders", token: "owner", endpoints: [proxy.address] });
    for (const value of [1, 2, 3]) await client.queue.publish("loop", value);
    for await (const message of client.queue.consume("loop", { group: "g", from: "earliest" })) {
      if (message.json() === 2) break;
      await message.ack();
    }
    const rest = client.queue.consume("loop", { group: "g" });
    expect((await rest.next()).value?.json()).toBe(2);
    await rest.return();
    await expect(rest.next()).resolves.toEqual({ done: true, value: undefined });
    client.close();
  });
});
