import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { forgetKeys, publishKeys } from "../../backends/publish-keys/publish-keys.ts";
import type { PublishResponse } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { keySteps, moments } from "../../proxy/failpoint.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { fleet, type ProxyProcess } from "./fleet.ts";
import { rawClient } from "./raw-client.ts";
import { rawConsumer } from "./raw-consumer.ts";
import { data, kafkaTopic } from "./stage.ts";

let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;
let one: ProxyProcess;
let two: ProxyProcess;
// A busy machine is slow to start processes, and to give up one that has died.
const patienceMs = 100_000;
const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;

beforeAll(async () => {
  control = await controlPlane();
  proxies = await fleet(control);
  [one, two] = await Promise.all([proxies.start("one"), proxies.start("two")]);
});

/** A queue on Kafka with neither wal nor replay-store. */
async function queue(namespace: string): Promise<void> {
  const topic = await kafkaTopic(3);
  control.put(queueEntry(namespace, topic));
  await control.acknowledged(patienceMs);
}

const metadata = (namespace: string) => ({
  authorization: `Bearer ${proxies.token}`,
  "prism-namespace": namespace,
});

async function publish(to: ProxyProcess, namespace: string, idempotencyKey: string, text = idempotencyKey) {
  const raw = rawClient(to.address, metadata(namespace));
  try {
    const request = { topic: "t", payload: Buffer.from(text), idempotencyKey };
    return (await raw.unary(QueueService.method.publish, request)) as PublishResponse;
  } finally {
    raw.close();
  }
}

/** Everything that is there. */
async function delivered(namespace: string, last: string) {
  const open = { topic: "t", group: "g", start: { start: { case: "earliest", value: {} } } } as const;
  const consumer = rawConsumer(rawClient(two.address, metadata(namespace)), open);
  await until(() => consumer.got.some(({ messageId }) => messageId === last), patienceMs);
  await pause(500);
  await consumer.stop();
  return consumer.got.map(({ messageId, offset }) => `${messageId} ${offset}`);
}

describe("an idempotency key in a queue without a log", () => {
  it("adds its message once, whichever proxy it is said to and whatever the payload", async () => {
    await queue("keyed");
    const answers = await Promise.all(
      [one, two, one, two].map((to, at) => publish(to, "keyed", "a", `${at}`)),
    );
    const later = await publish(one, "keyed", "a", "later");
    const other = await publish(two, "keyed", "b");
    const said = new Set([...answers, later].map(({ messageId, offset }) => `${messageId} ${offset}`));
    expect(said.size).toBe(1);
    const got = await delivered("keyed", other.messageId);
    expect(new Set(got)).toEqual(new Set([...said, `${other.messageId} ${other.offset}`]));
    expect(got.length).toBe(2);
  });

  const all = keySteps.flatMap((step) => moments.map((moment) => ({ step, moment })));
  const cells = soaking ? all : all.filter(({ moment }) => moment === "after");

  it.each(cells)(
    "is neither lost nor there twice where its proxy dies $moment the $step, and is said again elsewhere",
    async ({ step, moment }) => {
      const namespace = `keyed-${step}-${moment}`;
      const victim = await proxies.start(`victim-${step}-${moment}`, {
        PRISM_FAILPOINT: `${step}:${moment}:${namespace}`,
      });
      await queue(namespace);
      await expect(publish(victim, namespace, "a")).rejects.toThrow();
      await victim.ended;
      expect(victim.process.signalCode).toBe("SIGKILL");
      const { messageId, offset } = await publish(one, namespace, "a");
      expect(await publish(two, namespace, "a")).toMatchObject({ messageId, offset });
      expect(await delivered(namespace, messageId)).toEqual([`${messageId} ${offset}`]);
    },
    3 * patienceMs,
  );

  it("is forgotten with its namespace, and after two days", async () => {
    const { pool } = await data();
    const id = "0b8f7c52-6a0e-5d5e-9a6b-3f0d2c1b4a59";
    await pool.query("create table prism_log.keyed_1 partition of prism_log.keyed for values in (1)");
    const [gone, stays] = [publishKeys(pool, "gone"), publishKeys(pool, "stays")];
    const key = { id, publishedAtMs: 1_000 };
    expect(await gone.claim([key])).toMatchObject([{ verdict: "fresh" }]);
    await gone.settle(new Map([[id, "k.0.7"]]));
    expect(await gone.claim([{ ...key, publishedAtMs: 2_000 }])).toEqual([
      { verdict: "done", publishedAtMs: 1_000, place: "k.0.7" },
    ]);
    await stays.claim([{ ...key, id: id.replace("0", "1") }]);
    await forgetKeys(pool, "gone");
    await forgetKeys(pool, "gone");
    const left = async (namespace: string) =>
      (await pool.query("select from prism_log.keyed where namespace = $1", [namespace])).rows.length;
    expect([await left("gone"), await left("stays")]).toEqual([0, 1]);
    expect(await gone.claim([key])).toMatchObject([{ verdict: "fresh" }]);
    const { rows } = await pool.query("select to_regclass('prism_log.keyed_1') as found");
    expect(rows).toEqual([{ found: null }]);
  });
});
