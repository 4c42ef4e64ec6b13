import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { PrismError } from "../../sdk/typescript/errors.ts";
import { prism } from "../../sdk/typescript/prism.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { fleet } from "./fleet.ts";
import { data, kafkaTopic } from "./stage.ts";

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;

beforeAll(async () => {
  control = await controlPlane();
  proxies = await fleet(control);
  const topic = await kafkaTopic(3);
  await (await data()).provision("killed");
  control.put(queueEntry("killed", topic, { ordered: true, patterns: logged }));
});

describe("a proxy that is killed in the middle", () => {
  it("loses nothing that it has acknowledged, and its consumers go on elsewhere", async () => {
    const [one, two] = await Promise.all([proxies.start("one"), proxies.start("two")]);
    await control.acknowledged(120_000);
    const client = prism({
      namespace: "killed",
      token: proxies.token,
      endpoints: [one.address, two.address],
    });
    const acknowledged: number[] = [];
    const unknown: number[] = [];
    const publishAll = async (from: number, to: number) => {
      for (let value = from; value < to; value++) {
        await client.queue.publish("orders", value, { key: `k${value % 5}` }).then(
          () => acknowledged.push(value),
          (error: PrismError) => {
            expect(error.code).toBe("BACKEND_UNAVAILABLE");
            unknown.push(value);
          },
        );
      }
    };
    const publishing = Promise.all(
      Array.from({ length: 16 }, (_, at) => publishAll(at * 100, at * 100 + 100)),
    );

    const received = new Map<number, number>();
    const consumption = client.queue.consume("orders", { group: "g", from: "earliest", credit: 50 });
    const consuming = (async () => {
      for await (const message of consumption) {
        const value = message.json<number>();
        received.set(value, (received.get(value) ?? 0) + 1);
        await message.ack();
      }
    })();
    while (acknowledged.length < 400) await pause(5);
    one.process.kill("SIGKILL");
    await publishing;

    const until = performance.now() + 150_000;
    const missing = () => acknowledged.filter((value) => !received.has(value));
    while (missing().length > 0 && performance.now() < until) await pause(50);
    expect(missing()).toEqual([]);
    expect(acknowledged.length + unknown.length).toBe(1_600);
    // Only calls that were under way there can have an unknown outcome.
    expect(unknown.length).toBeLessThanOrEqual(16);
    await consumption.return();
    await consuming;
    client.close();
  }, 300_000);

  it("stops of itself when it is asked to, and lets calls under way end", async () => {
    const three = await proxies.start("three");
    await control.acknowledged(120_000);
    const client = prism({ namespace: "killed", token: proxies.token, endpoints: [three.address] });
    const consumption = client.queue.consume("leaving", { group: "g" });
    await consumption.ready;
    const publishing = Array.from({ length: 200 }, (_, at) => client.queue.publish("leaving", at));
    const published = Promise.allSettled(publishing);
    await pause(20);
    const asked = performance.now();
    three.process.kill("SIGTERM");
    await three.ended;
    expect(three.process.exitCode).toBe(0);
    expect(performance.now() - asked).toBeLessThan(30_000);
    await consumption.return();
    client.close();
    // What it had taken in was answered; what it had not, another may take.
    for (const each of await published) {
      if (each.status === "rejected") {
        expect(["BACKEND_UNAVAILABLE", "NAMESPACE_NOT_READY"]).toContain(each.reason.code);
      }
    }
  });
});
