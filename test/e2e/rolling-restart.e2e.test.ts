import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Prism } from "../../sdk/typescript/prism.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { moreProxies } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until as soon } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

const perSecond = soaking ? 1_000 : 100;
const rounds = soaking ? 5 : 1;
const everyMs = 20;
// A second's worth: on a machine that is too slow for the pace more of them would only grow old waiting.
const mostUnderWay = 1_000;

// Processes start and stop here, on a machine that may be busy.
const until = (isSo: Parameters<typeof soon>[0]) => soon(isSo, 110_000);

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

/** Publishes at a steady pace, or at what the machine can do, until it is told to end; answers how many, how many a second, and what failed. */
function load(client: Prism) {
  const failures: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  let count = 0;
  let ended = false;
  const started = performance.now();
  const run = async (): Promise<void> => {
    for (; !ended; await pause(everyMs)) {
      const due = ((performance.now() - started) / 1_000) * perSecond;
      while (count < due && underWay.size < mostUnderWay) {
        const published: Promise<unknown> = client.queue
          .publish("t", count++)
          .catch((error: unknown) => failures.push(String(error)))
          .finally(() => underWay.delete(published));
        underWay.add(published);
      }
    }
    await Promise.all(underWay);
  };
  const running = run();
  return {
    async end() {
      ended = true;
      await running;
      const published = count / ((performance.now() - started) / 1_000);
      figures(`${count} publishes, ${Math.round(published)} a second`);
      return { count, published, failures };
    },
  };
}

async function consumed(client: Prism, count: number): Promise<number[]> {
  const values: number[] = [];
  for await (const message of client.queue.consume("t", {
    group: "witness",
    from: "earliest",
    credit: 1_000,
  })) {
    values.push(message.json());
    await message.ack();
    if (values.length >= count) break;
  }
  return values;
}

it(
  "a client that publishes through three proxies does not notice that each is restarted",
  async () => {
    const ids = ["one", "two", "three"];
    const running = new Map(await Promise.all(ids.map(async (id) => [id, await proxies.start(id)] as const)));
    const name = prism.name("rolling");
    const team = await prism.control(member);
    const served = async () =>
      (await team.namespaces.endpoints(name)).endpoints.map(({ address }) => address);
    const needs = { durability: "strong", write_rps: 3_000, read_rps: 10_000 };
    await team.namespaces.create(queueRequest(name, { needs }), { waitSeconds: 60 });
    await until(async () => (await served()).length === 3);
    const client = await prism.client(name, member);
    const publishing = load(client);
    await pause(1_000);
    for (let round = 0; round < rounds; round++) {
      for (const id of ids) {
        await running.get(id)?.kill("SIGTERM");
        const again = await proxies.start(id);
        running.set(id, again);
        // As whoever rolls out does: on to the next once this one is in use again.
        await until(async () => (await served()).includes(again.address));
        await pause(500);
      }
    }
    const { count, published, failures } = await publishing.end();
    expect(failures).toEqual([]);
    // Who was held up by a restart has caught up. A machine that is busy with other tests may not keep the pace.
    if (soaking) expect(published).toBeGreaterThanOrEqual(0.9 * perSecond);
    expect(count).toBeGreaterThan(perSecond);

    const values = await consumed(client, count);
    expect(new Set(values).size).toBe(count);
    // Whoever was told twice has it twice: nothing comes after the last.
    await client.queue.publish("t", count);
    const after = (await consumed(client, 1))[0];
    expect(after).toBe(count);
    client.close();
  },
  soaking ? 3_600_000 : 600_000,
);
