import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { releaseRelay } from "../../backends/write-ahead-log/layouts.ts";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, logged, queueEntry } from "./control-plane.ts";
import { fleet, type ProxyProcess } from "./fleet.ts";
import { grow, type Moment, moments } from "./growing.ts";
import { judge } from "./history.ts";
import { brokers, data, isLed, kafkaTopic } from "./stage.ts";
import { witness } from "./witness.ts";

const soaking = process.env["PRISM_SOAK_SECONDS"] !== undefined;
// A busy machine is slow: what is lost stays away for longer than that.
const settleMs = 150_000;
const sound = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] };
let control: ControlPlane;
let proxies: Awaited<ReturnType<typeof fleet>>;
let standing: ProxyProcess[];

beforeAll(async () => {
  control = await controlPlane();
  proxies = await fleet(control);
  standing = await Promise.all(["one", "two", "three"].map((id) => proxies.start(id)));
  await control.acknowledged(settleMs);
}, settleMs);
const addresses = () => standing.map(({ address }) => address);

/** An ordered, durable queue of three partitions, which proxy "one" leads, and somebody who publishes and consumes. */
async function busyQueue(namespace: string) {
  const [topic] = await Promise.all([kafkaTopic(3), (await data()).provision(namespace)]);
  const config = { topic: topic, partitions: 3 };
  const plain = queueEntry(namespace, topic, { patterns: logged, ordered: true });
  const entry = { ...plain, backend: { ...plain.backend, config } as never };
  await control.putFirst(entry, "one", () => until(() => isLed(namespace), settleMs));
  const seen = witness({ namespace, token: proxies.token, addresses });
  const growing = async (at: (moment: Moment) => Promise<void>): Promise<void> =>
    grow({
      ...{ brokers, pool: (await data()).pool, control, entry, topic: topic },
      ...{ from: 3, to: 8, patienceMs: settleMs, at },
    });
  return { seen, growing };
}

describe("an ordered queue that gets more partitions under load", () => {
  it("keeps the order of each key: for who is there, who was away, and who comes later", async () => {
    const { seen, growing } = await busyQueue("grown");
    seen.join("away");
    await until(() => seen.confirmed("away") > 30, settleMs);
    await seen.leave("away");
    await until(() => seen.confirmed() > 100, settleMs);
    const held = { published: 0 };
    await growing(async (moment) => {
      if (moment === "held") held.published = seen.published();
      if (moment === "drained") await until(() => seen.published() > held.published + 50, settleMs);
    });
    const before = seen.confirmed();
    seen.join("away");
    seen.join("late");
    await until(() => seen.confirmed() > before + 100, settleMs);
    await seen.settle(settleMs);
    expect(judge(seen.history, [seen.group, "away", "late"], seen.attempted)).toEqual(sound);
    expect(seen.confirmed("late")).toBe(seen.confirmed());
  }, 600_000);

  it("goes on as before where the barrier is taken down again", async () => {
    const { seen, growing } = await busyQueue("not-grown");
    await until(() => seen.confirmed() > 50, settleMs);
    const given = new Error("given up");
    const giveUp = (moment: Moment) => (moment === "added" ? Promise.reject(given) : Promise.resolve());
    await expect(growing(giveUp)).rejects.toBe(given);
    await releaseRelay((await data()).pool, { namespace: "not-grown", incarnation: 1 });
    const before = seen.confirmed();
    await until(() => seen.confirmed() > before + 50, settleMs);
    await seen.settle(settleMs);
    expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
  }, 600_000);

  // What leads is killed at each moment, and paused: half a minute each, so they are the soak's.
  const cells = soaking ? moments : [];
  it.each(cells)(
    "the leader is killed when it is %s: nothing is lost, doubled or out of order",
    async (cell) => {
      const name = `killed-${cell.replace(" ", "-")}`;
      const { seen, growing } = await busyQueue(name);
      await until(() => seen.confirmed() > 50, settleMs);
      await growing(async (moment) => {
        if (moment === cell) await replaceLeader();
      });
      const before = seen.confirmed();
      await until(() => seen.confirmed() > before + 50, settleMs);
      await seen.settle(settleMs);
      expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
    },
    600_000,
  );

  it.each(soaking ? moments : [])(
    "the leader sleeps from when it is %s until all is over",
    async (cell) => {
      const { seen, growing } = await busyQueue(`paused-${cell.replace(" ", "-")}`);
      await until(() => seen.confirmed() > 50, settleMs);
      await growing(async (moment) => {
        if (moment === cell) standing[0]?.process.kill("SIGSTOP");
      });
      await pause(3_000);
      standing[0]?.process.kill("SIGCONT");
      const before = seen.confirmed();
      await until(() => seen.confirmed() > before + 50, settleMs);
      await seen.settle(settleMs);
      expect(judge(seen.history, [seen.group], seen.attempted)).toEqual(sound);
    },
    600_000,
  );
});

async function replaceLeader(): Promise<void> {
  const [leader] = standing;
  if (leader === undefined) return;
  leader.process.kill("SIGKILL");
  await leader.ended;
  standing[0] = await proxies.start(leader.id);
}
