import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prism as connect, type Prism } from "../../sdk/typescript/prism.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
beforeAll(async () => {
  prism = await testPrism({ names: ["api", "worker"] });
  proxies = moreProxies(prism);
});
afterAll(async () => {
  await proxies?.close();
  await prism?.close();
});

const create = async (namespace: string, waitSeconds = 40) =>
  (await prism.control(member)).namespaces.create(queueRequest(namespace), { waitSeconds });
const registered = async (namespace: string): Promise<unknown> => {
  const { items } = await (await prism.control(member)).namespaces.history(namespace);
  return items.find(({ type }) => type === "ProxiesRegistered")?.data["proxies"];
};
const endpoints = async (namespace: string): Promise<readonly string[]> => {
  const answer = await (await prism.control(member)).namespaces.endpoints(namespace);
  return answer.endpoints.map(({ address }) => address).sort();
};
const at = async (proxy: RunningProxy, namespace: string): Promise<Prism> =>
  connect({ namespace, endpoints: [proxy.address], token: await prism.token(member) });

/** What is published through one comes out of the other. */
async function carries(from: RunningProxy, to: RunningProxy, namespace: string): Promise<void> {
  const [publisher, consumer] = await Promise.all([at(from, namespace), at(to, namespace)]);
  const group = `${from.id}-${to.id}`;
  const consumption = consumer.queue.consume(group, { group, from: "earliest" });
  await publisher.queue.publish(group, from.id);
  const message = (await consumption.next()).value;
  await message?.ack();
  expect(message?.json()).toBe(from.id);
  await consumption.return();
  publisher.close();
  consumer.close();
}

describe("proxies, as many as there are", () => {
  let one: RunningProxy;
  let two: RunningProxy;
  let three: RunningProxy;

  it("a create waits for the first one, and is active when it has joined", async () => {
    const name = prism.name("first");
    const creating = create(name);
    const { operations } = await prism.control(member);
    await until(async () => {
      const { items } = await operations.list({ namespace: name });
      return items.some(({ steps }) =>
        steps.some((step) => step.name === "register" && step.state !== "pending"),
      );
    });
    one = await proxies.start("one");
    expect(await creating).toMatchObject({ status: "active" });
    expect(await registered(name)).toEqual(["one"]);
    await carries(one, one, name);
  });

  it("two, and three: each has acknowledged before a namespace is active, and each serves it", async () => {
    [two, three] = await Promise.all([proxies.start("two"), proxies.start("three")]);
    const name = prism.name("three");
    await until(async () => (await endpoints(prism.name("first"))).length === 3);
    expect(await create(name)).toMatchObject({ status: "active" });
    expect(await registered(name)).toEqual(["one", "three", "two"]);
    const all = [one, two, three].map(({ address }) => address).sort();
    await expect.poll(() => endpoints(name)).toEqual(all);
    await Promise.all([carries(one, two, name), carries(two, three, name), carries(three, one, name)]);
  });

  it("one that has died is waited for as long as its lease, and not longer", async () => {
    await two.kill("SIGKILL");
    const name = prism.name("died");
    expect(await create(name)).toMatchObject({ status: "active" });
    expect(await registered(name)).toEqual(["one", "three"]);
    await carries(one, three, name);
  });

  it("one that leaves says goodbye: nobody waits for it", async () => {
    await three.kill("SIGTERM");
    expect(await endpoints(prism.name("died"))).not.toContain(three.address);
    await expect.poll(() => endpoints(prism.name("died"))).toEqual([one.address]);
  });

  it("one that is started again without control plane serves from its copy on disk", async () => {
    const name = prism.name("died");
    await prism.processes.stop("api");
    await one.kill("SIGKILL");
    one = await proxies.start("one");
    await carries(one, one, name);
    const answer = await fetch(`http://${one.operator}/readyz`);
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { control_plane: { connected: false } },
    ]);
  });

  it("a control plane that comes back knows its proxies again", async () => {
    await prism.processes.start("api");
    await until(async () => (await endpoints(prism.name("died"))).includes(one.address));
    two = await proxies.start("two");
    const name = prism.name("back");
    expect(await create(name)).toMatchObject({ status: "active" });
    await carries(two, one, name);
  });

  it("one with another's certificate does not start", async () => {
    const others = await prism.certificate({ role: "proxy", shard: "shard-1", id: "one" });
    await expect(proxies.start("four", others)).rejects.toThrow("the certificate of proxy/shard-1/one");
  });
});
