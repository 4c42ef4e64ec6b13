import { beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { as, data, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let topic: string;

beforeAll(async () => {
  control = await controlPlane();
  topic = await kafkaTopic(3);
  await (await data()).provision("replanned");
  control.put(queueEntry("replanned", topic, { patterns: logged, ordered: true }));
  proxy = await startProxy(control);
  await control.acknowledged();
});

describe("a namespace whose patterns are given other words while it is used", () => {
  it("goes on for whoever publishes and consumes, in order and without a loss", async () => {
    const client = as("owner", "replanned", proxy);
    const consumption = client.queue.consume("t", { group: "g", from: "earliest" });
    const seen: number[] = [];
    const consuming = (async () => {
      for await (const message of consumption) {
        seen.push(message.json());
        await message.ack();
        if (message.json() === 300) break;
      }
    })();
    await consumption.ready;
    for (let value = 1; value <= 300; value++) {
      await client.queue.publish("t", value, { key: "k" });
      if (value % 100 !== 50) continue;
      const keeps = { type: "replay-store", version: 1, config: { retention_days: value } };
      control.put(
        queueEntry("replanned", topic, { patterns: [...logged.slice(0, 1), keeps], ordered: true }),
      );
    }
    await consuming;
    // What was not confirmed when its consumer was moved may come again; nothing is passed over.
    const first = seen.filter((value, at) => seen.indexOf(value) === at);
    expect(first).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
    client.close();
  }, 120_000);
});
