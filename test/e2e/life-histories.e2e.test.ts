import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inventoryOfThisBuild } from "../../domain/selection/this-build.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { accepted } from "../domain/asking.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { oneOf, randomOf } from "../setup/random.ts";
import { until } from "../setup/until.ts";
import { cellsOf } from "../workflows/cells.ts";
import { after, type End, endsOf, type Model, quota, unborn } from "../workflows/life-model.ts";
import {
  anotherConsumer,
  type Changes,
  changesOfQueues,
  chapterOf,
  rate,
  tooMuch,
} from "../workflows/life-story.ts";
import { holdings } from "./holdings.ts";
import { everyKind, type Kind, requestOf } from "./kinds.ts";
import { played, type Setting } from "./life-play.ts";
import { agrees, type Basis } from "./life-world.ts";
import { type Reaper, reaper } from "./reaper.ts";
import { platform } from "./request.ts";

// The story of a seed, again: PRISM_LIFE_SEED=… npm test -- --project e2e test/e2e/life-histories
const wanted = process.env["PRISM_LIFE_SEED"];
const first = Math.floor(Math.random() * 1e9);
const seeds =
  wanted === undefined
    ? Array.from({ length: soaking ? 200 : 3 }, (_, index) => first + index)
    : [Number(wanted)];

const ttlSeconds = 6 * 3_600;
const inventory = inventoryOfThisBuild({
  ...{ kafkaBrokers: 1, maxPartitions: 256, natsServers: 1 },
  ...{ redis: true, tenants: true, s3: true },
});

/** What may be asked of a kind: none becomes what this build cannot make of it. */
const changesOf: Readonly<Record<Kind, Changes>> = {
  orders: changesOfQueues,
  videos: (random) => withMore(random, () => ({ needs: { data_size: oneOf(random, ["2TB", "3TB"]) } })),
  events: (random) => withMore(random, () => ({ needs: { retention: oneOf(random, ["2days", "9days"]) } })),
  profiles: (random) => withMore(random, () => ({ needs: { ttl: "20min" } })),
  payments: (random) => withMore(random, () => ({ needs: { read_rps: 200 } })),
};
const withMore = (random: () => number, own: ReturnType<Changes>[number]): ReturnType<Changes> => [
  () => ({ needs: rate(random) }),
  own,
  tooMuch,
  () => anotherConsumer(random),
  own,
  () => ({}),
];

describe.concurrent("a life of random operations on real servers, whose workers are killed all the time", () => {
  let prism: TestPrism;
  let root: Control;
  let reaped: Reaper;
  beforeAll(async () => {
    // One death uses up a step's budget: somebody has to say what becomes of it.
    prism = await testPrism({ environment: { PRISM_STEP_ATTEMPTS: "1" } });
    root = await prism.control({ ...platform, ttlSeconds });
    reaped = reaper(prism, randomOf(first));
  }, 300_000);
  afterAll(async () => {
    const { atFailpoints, atRandom } = await reaped.stop();
    figures(`${seeds.length} lives; workers killed: ${atFailpoints} at failpoints, ${atRandom} at random`);
    await prism?.close();
  }, 300_000);

  const nameOf = (seed: number) => prism.name(`life-${seed}`);
  const memberOf = (namespace: string) =>
    prism.control({ subject: "user:alice", teams: [`${namespace}-team`], ttlSeconds });

  it.each(seeds)(
    "seed %i: model and world agree whenever nothing is under way",
    async (seed) => {
      const namespace = nameOf(seed);
      const { data_size, ...amounts } = quota;
      await root.teams.set(`${namespace}-team`, { ...amounts, data_size: `${data_size / 1e12}TB` });
      const alice = await memberOf(namespace);
      await live({ prism, alice, root, namespace }, reaped, seed);
    },
    soaking ? 3_600_000 : 300_000,
  );
});

async function live(setting: Setting, reaped: Reaper, seed: number): Promise<void> {
  const { prism, namespace, alice } = setting;
  const random = randomOf(seed);
  const kind = everyKind[seed % everyKind.length] ?? "orders";
  const raw = { ...requestOf(kind, namespace), team: `${namespace}-team` };
  const caller = { subject: "user:alice", teams: [raw.team], platform: false };
  const access = { owners: [], consumers: raw.access.consumers };
  const { request: origin } = accepted({ ...raw, access }, { inventory, caller });
  const story: string[] = [kind];
  let model: Model = unborn;
  let basis: Basis | undefined;
  for (let chapters = 4 + Math.floor(random() * 3); chapters > 0; chapters--) {
    const chapter = { ...chapterOf(random, model.request, origin, changesOf[kind]), faults: [] };
    const kill = random() < 0.6 ? oneOf(random, cellsOf(chapter.steps)) : undefined;
    const failpoint = kill && `${kill.step}:${kill.moment}:${namespace}`;
    const [natural = "quiet"] = endsOf(model, { ...chapter, impatientMs: undefined });
    story.push(`${chapter.verb} ${JSON.stringify(chapter.asked.needs)} ${failpoint ?? ""} -> ${natural}`);
    try {
      const { id, state, said } = await reaped.during(failpoint, () =>
        played(setting, chapter, model, origin),
      );
      story.push(`  ${state} (said: ${[...said]})`);
      expect(endsAfter(natural, said)).toContain(state);
      if (state !== "refused" && state !== "quiet") {
        const isNewLife = chapter.verb === "create" || (state === "succeeded" && chapter.verb === "delete");
        if (isNewLife) basis = undefined;
        model = after(model, chapter, { id, state, blocked: false });
      }
      basis = await agrees(setting, model, basis);
    } catch (cause) {
      throw new Error(`seed ${seed}:\n${story.join("\n")}\n${String(cause)}`, { cause });
    }
  }
  if (model.request !== undefined) {
    await alice.namespaces.delete(namespace, { confirm: namespace });
    await until(async () => (await retried(alice, namespace)) === "deleted", 300_000);
    expect(await holdings(prism.environment, namespace)).toEqual([]);
  }
  figures(`seed ${seed}: ${(story.length - 1) >> 1} operations agree`);
}

/** A delete that waits because its worker died is told to go on. */
async function retried(alice: Control, namespace: string): Promise<string> {
  const { status, operation } = await alice.namespaces.get(namespace);
  if (operation?.state === "waiting") await alice.operations.retry(operation.id).catch(() => {});
  return status;
}

/** What somebody said, and how it may end once it was. `naturally`: where nobody stops it. */
function endsAfter(naturally: End, said: ReadonlySet<string>): readonly End[] {
  const stopped: readonly End[] = [
    ...(said.has("cancel") || said.has("perhaps cancel") ? (["cancelled"] as const) : []),
    ...(said.has("abandon") || said.has("perhaps abandon") ? (["failed"] as const) : []),
  ];
  const isCertain = said.has("cancel") || said.has("abandon");
  // What cannot be is refused at once where that is known.
  const unstopped: readonly End[] = naturally === "failed" ? ["failed", "refused"] : [naturally];
  return isCertain && naturally === "succeeded" ? stopped : [...stopped, ...unstopped];
}
