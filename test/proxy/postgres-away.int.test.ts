import { setTimeout as pause } from "node:timers/promises";

import { beforeAll, describe, expect, it } from "vitest";
import { checkDurable } from "../../backends/write-ahead-log/data-pool.ts";
import type { Message } from "../../sdk/typescript/consumption.ts";
import { type FlakyNetwork, flakyNetwork } from "../eventstore/flaky-network.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { opened } from "./opened.ts";
import { as, data, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let topic: string;
let network: FlakyNetwork;

beforeAll(async () => {
  control = await controlPlane();
  [topic, network] = await Promise.all([kafkaTopic(2), flakyNetwork((await data()).url)]);
  opened.defer(() => network.close());
  await (await data()).provision("patient");
  control.put(queueEntry("patient", topic, { patterns: logged }));
  proxy = await startProxy(control, { dataUrl: network.url });
  await control.acknowledged();
});

describe("while the data database is away", () => {
  it("publishes wait or fail clearly, none is half there, and all goes on by itself", async () => {
    const orders = as("owner", "patient", proxy);
    await orders.queue.publish("t", "before");
    network.sever();
    const ready = await fetch(`http://127.0.0.1:${proxy.operatorPort}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { checks: { postgres: expect.stringContaining("Postgres") } },
    ]);
    // The SDK repeats under one key until it is back.
    const meanwhile = orders.queue.publish("t", "meanwhile");
    await pause(2_500);
    network.heal();
    await meanwhile;
    const got: unknown[] = [];
    const working = orders.queue.work("t", { group: "g", from: "earliest" }, async (message: Message) => {
      got.push(message.json());
    });
    await until(() => got.length === 2);
    await working.stop();
    expect(got.sort()).toEqual(["before", "meanwhile"]);
    orders.close();
  });

  it("an answer that is lost with its connection is no second message", async () => {
    const orders = as("owner", "patient", proxy);
    network.loseReplyTo("a payload like no other");
    const { offset } = await orders.queue.publish("lost", "a payload like no other");
    const got: string[] = [];
    const working = orders.queue.work("lost", { group: "g", from: "earliest" }, async (message) => {
      got.push(message.offset);
    });
    await until(() => got.length > 0);
    await orders.queue.publish("lost", "after");
    await until(() => got.length > 1);
    await working.stop();
    expect([got.length, got.includes(offset)]).toEqual([2, true]);
    orders.close();
  });
});

describe("a data database that does not keep what it says", () => {
  it("makes a proxy not ready", async () => {
    const url = new URL((await data()).url);
    url.searchParams.set("options", "-c synchronous_commit=off");
    const pool = testPool({ connectionString: url.href });
    await expect(checkDurable(pool)).rejects.toThrow("synchronous_commit=off");
    await pool.end();
    await expect(checkDurable((await data()).pool)).resolves.toBeUndefined();
  });
});
