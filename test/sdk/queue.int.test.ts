import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connection } from "../../sdk/typescript/connection.ts";
import type { Message } from "../../sdk/typescript/consumption.ts";
import { prism } from "../../sdk/typescript/prism.ts";
import { type PublishOptions, queue } from "../../sdk/typescript/queue.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "../proxy/control-plane.ts";
import { data, kafkaTopic, startProxy } from "../proxy/stage.ts";
import { until } from "../setup/until.ts";

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
    if (request.url !== "/api/v1/namespaces/of-the-sdk/endpoints") {
      const error = { code: "NOT_FOUND", message: "no such namespace", details: {} };
      response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ namespace: "of-the-sdk", endpoints }));
  });

beforeAll(async () => {
  control = await controlPlane();
  topic = await kafkaTopic(1);
  await (await data()).provision("of-the-sdk");
  control.put(queueEntry("of-the-sdk", topic, { patterns: logged }));
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
  return Number(/prism_namespace_requests_total\{namespace="of-the-sdk"\} (\d+)/.exec(metrics)?.[1] ?? 0);
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
    const client = prism({ namespace: "of-the-sdk", discovery, token });
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
    const client = prism({ namespace: "of-the-sdk", token: "owner", endpoints: [one.address, two.address] });
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
    const client = prism({ namespace: "of-the-sdk", token: "owner", endpoints: [proxy.address] });
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

describe("a consumption that is ended while it connects", () => {
  /** Its client waits for `until`: for where the namespace is served, or for its token. */
  const waiting = (address: string, what: "place" | "token", until: Promise<void>) =>
    queue(
      connection({
        namespace: "of-the-sdk",
        token: what === "token" ? () => until.then(() => "owner") : "owner",
        endpoints: what === "place" ? () => until.then(() => [{ address }]) : [address],
      }),
    );

  it.each(["place", "token"] as const)("leaves no stream behind that waited for its %s", async (what) => {
    const proxy = await start(`ended-${what}`);
    const go = Promise.withResolvers<void>();
    const messages = waiting(proxy.address, what, go.promise);
    const topic = `ended-${what}`;
    const ended = messages.consume(topic, { group: "g", from: "earliest" }).return();
    go.resolve();
    await ended;
    for (let at = 0; at < 10; at++) await messages.publish(topic, at);
    const got: Message[] = [];
    for await (const message of messages.consume(topic, { group: "g", from: "earliest" })) {
      await message.ack();
      if (got.push(message) === 10) break;
    }
    // A stream that nobody reads would have had some of them first.
    expect(got.map(({ attempt }) => attempt)).toEqual(got.map(() => 1));
    messages.close();
  });

  it("stops work that has nothing to do", async () => {
    const proxy = await start("idle");
    const go = Promise.withResolvers<void>();
    const messages = waiting(proxy.address, "place", go.promise);
    const stopped = messages.work("idle", { group: "g" }, async () => {}).stop();
    go.resolve();
    await expect(stopped).resolves.toBeUndefined();
    messages.close();
  });
});

describe("a client whose token is renewed", () => {
  /** The first token holds for half a second. */
  const renewed = (proxy: { address: string }, next: string) => {
    let asked = 0;
    const token = () => (asked++ === 0 ? "brief" : next);
    const client = prism({ namespace: "of-the-sdk", token, endpoints: [proxy.address] });
    return { client, asked: () => asked };
  };

  it("consumes on when the first one has expired", async () => {
    const proxy = await start("renewed-1");
    const { client, asked } = renewed(proxy, "owner");
    const consumption = client.queue.consume("renewed", { group: "g", from: "earliest" });
    const next = consumption.next();
    next.catch(() => {});
    await consumption.ready;
    await until(() => asked() > 1);
    const publisher = prism({ namespace: "of-the-sdk", token: "owner", endpoints: [proxy.address] });
    await publisher.queue.publish("renewed", "after");
    expect((await next).value?.json()).toBe("after");
    await consumption.return();
    for (const each of [client, publisher]) each.close();
  });

  it("publishes on, also what has no key of idempotence, and nothing twice", async () => {
    const proxy = await start("renewed-2");
    const { client, asked } = renewed(proxy, "owner");
    const published: string[] = [];
    // Some are always under way, for as long as the first token holds and a while longer.
    const publish = async (value: string, options: PublishOptions): Promise<void> => {
      for (let more = 20; more > 0; more -= asked() > 1 ? 1 : 0) {
        await client.queue.publish("many", value, options);
        published.push(value);
      }
    };
    const without = Array.from({ length: 10 }, () => publish("without", { idempotencyKey: "" }));
    const withKey = Array.from({ length: 10 }, () => publish("with", {}));
    await Promise.all([...without, ...withKey]);
    await client.queue.publish("many", "last", { key: "k" });
    const consumed: unknown[] = [];
    for await (const message of client.queue.consume("many", { group: "g", from: "earliest" })) {
      await message.ack();
      if (message.json() === "last") break;
      consumed.push(message.json());
    }
    expect(consumed.sort()).toEqual(published.sort());
    client.close();
  });

  it("is told when no other one is given out", async () => {
    const { client } = renewed(await start("renewed-3"), "nobody");
    const working = client.queue.work("refused", { group: "g" }, async () => {});
    await expect(working.done).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(client.queue.publish("refused", 1)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    client.close();
  });
});
