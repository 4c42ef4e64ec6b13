import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../api/interventions.ts";
import { begunBy } from "../../domain/namespace/progress.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import { type OperationRow, operations } from "../../domain/projections/operations.ts";
import { requestedAmounts } from "../../domain/request/quota.ts";
import { nothing } from "../../domain/team/quota.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { randomOf } from "../setup/random.ts";
import { codeOf } from "./code-of.ts";
import { after, type End, endsOf, lastEvents, type Model, mayBlock, quota, unborn } from "./life-model.ts";
import { type Chapter, chapterOf, planOf } from "./life-story.ts";
import type { Life, Play } from "./play.ts";
import { openStage, type Stage } from "./stage.ts";

// A seed that failed, again: PRISM_LIFE_SEED=… npm test -- test/workflows/life-histories
const wanted = process.env["PRISM_LIFE_SEED"];
const first = Math.floor(Math.random() * 1e9);
const seeds =
  wanted === undefined
    ? Array.from({ length: soaking ? 200 : 10 }, (_, index) => first + index)
    : [Number(wanted)];

describe.concurrent("a life of random operations, in which much goes wrong", () => {
  let stage: Stage;
  const over = new AbortController();
  let deploying: Promise<void>;
  beforeAll(async () => {
    stage = await openStage();
    deploying = deployAgainAndAgain(stage, over.signal);
  });
  afterAll(async () => {
    over.abort();
    await deploying;
    await stage?.close();
  });

  it.each(seeds)(
    "seed %i: model and world agree whenever nothing is under way",
    (seed) => live(stage, seed),
    900_000,
  );
});

/** The worker is stopped in the middle of whatever it does, and another one begins. */
async function deployAgainAndAgain(stage: Stage, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await delay(5_000, undefined, { signal: over }).catch(() => {});
    await stage.redeploy(stage.bundle);
  }
}

async function live(stage: Stage, seed: number): Promise<void> {
  const random = randomOf(seed);
  const basis = await stage.unborn(`life-${seed}`, quota);
  const story: string[] = [];
  let model = unborn;
  for (let chapters = 4 + Math.floor(random() * 4); chapters > 0; chapters--) {
    const chapter = chapterOf(random, model.request, basis);
    const expected = endsOf(model, chapter);
    story.push(`${told(chapter)} -> ${expected.join(" or ")}`);
    const play = await begin(stage, chapter);
    const end = await attended(stage, play, chapter);
    const life = await play.life();
    try {
      expect(expected).toContain(end);
      const blocked = life.events.some(
        ({ type, metadata }) => type === "CleanupBlocked" && metadata.operation === play.operation,
      );
      if (blocked) expect(mayBlock(chapter)).toBe(true);
      if (end !== "refused" && end !== "quiet") {
        model = after(model, chapter, { id: play.operation, state: end, blocked });
      }
      agrees(model, life);
      if (model.status === "deleted") {
        const kept = life.events.findLast(({ type }) => type === "AuditArchived");
        expect(stage.archive.keys()).toContain(kept?.type === "AuditArchived" && kept.data.key);
      }
    } catch (cause) {
      throw new Error(`seed ${seed}:\n${story.join("\n")}\n${life.types.join(" ")}\n${String(cause)}`, {
        cause,
      });
    }
  }
  figures(`seed ${seed}: ${story.length} operations agree`);
}

const told = ({ verb, asked, faults, parked, word, impatientMs }: Chapter): string => {
  const { write_rps, data_size, retention, durability } = asked.needs;
  const wrong = faults.map(({ step, moment, code, times }) => `${step} ${moment} ${code} x${times}`);
  return `${verb} ${write_rps} ${data_size} ${retention} ${durability}; ${wrong}; ${parked} ${word} ${impatientMs}`;
};

function begin(stage: Stage, { verb, asked, faults }: Chapter): Promise<Play> {
  const wish = { faultsOf: () => faults };
  switch (verb) {
    case "create":
      return stage.again({ request: asked }, wish);
    case "update":
      return stage.update({ request: asked }, {}, wish);
    case "delete":
      return stage.remove({ request: asked }, wish);
  }
}

/** Says what the chapter wants said until the operation has ended; answers how it ended. */
async function attended(stage: Stage, play: Play, chapter: Chapter): Promise<End> {
  const { namespace, operation } = play;
  const say = async (verb: Message["verb"], more: object = {}): Promise<string> => {
    const told = { operation, by: "user:root", ...more };
    const message = { verb, namespace, told, revision: randomUUID() } as Message;
    for (;;) {
      const answer = await codeOf(stage.people.tell(message, new Date(Date.now() + 10_000)));
      // No worker has taken it up yet.
      if (answer !== "BACKEND_UNAVAILABLE") return answer;
    }
  };
  let how: "ended" | "refused" | undefined;
  const ending = play.handle.result().then(
    () => (how = "ended"),
    () => (how = "refused"),
  );
  const impatient =
    chapter.impatientMs === undefined ? undefined : delay(chapter.impatientMs).then(() => say("cancel"));
  let wasParked = false;
  while (how === undefined) {
    await Promise.race([ending, delay(20)]);
    const { state, events } = await play.life();
    const own = events.filter(({ metadata }) => metadata.operation === operation);
    if (state === "awaiting_approval") {
      const asked = own.findLast(({ type }) => type === "ApprovalRequested");
      const plan_hash = asked?.type === "ApprovalRequested" ? asked.data.plan_hash : "";
      await say(chapter.word, { plan_hash, reason: "no" });
    }
    if (state !== "waiting") continue;
    if (own.some(({ type }) => type === "UpdateApplied" || type === "DrainCompleted")) {
      expect(await say("cancel")).toBe("TOO_LATE");
      expect(await say("abandon")).toBe("TOO_LATE");
    }
    await say(wasParked || own.length === 0 ? "retry" : chapter.parked);
    if ((await play.life()).state === "waiting") await say("retry");
    wasParked = true;
  }
  await impatient;
  if (how === "refused") return "refused";
  return rowsOf(await play.life()).get(operation)?.state ?? "quiet";
}

const rowsOf = ({ events }: Life): ReadonlyMap<string, OperationRow> => {
  const rows = new Map<string, OperationRow>();
  for (const event of events) {
    const id = operations.key(event);
    const row = id === undefined ? undefined : operations.apply(rows.get(id), event);
    if (id !== undefined && row !== undefined) rows.set(id, row);
  }
  return rows;
};

function agrees(model: Model, life: Life): void {
  const { status, version, incarnation, request } = model;
  // What the backends hold, and how it is set up.
  const plan = request === undefined ? undefined : planOf(request);
  const planned = Object.fromEntries((plan?.plan.resources ?? []).map(({ name, config }) => [name, config]));
  if (model.blocked) {
    // What could not be removed is named; its removal may have failed before it looked whether it is there.
    const said = life.events.findLast(({ type }) => type === "CleanupBlocked");
    const named = said?.type === "CleanupBlocked" ? said.data.resources : [];
    expect(life.left.filter((name) => !named.some((key) => key.endsWith(` ${name}`)))).toEqual([]);
  } else expect(life.settings).toEqual(planned);
  // What is counted on the team.
  expect(life.reserved).toEqual(request === undefined ? nothing : requestedAmounts(request.needs));
  // What is decided on, and what proxies and people are shown.
  expect(life).toMatchObject({ status, version });
  let row: NamespaceRow | undefined;
  for (const event of life.events) row = namespaces.apply(row, event);
  if (status === "absent") {
    expect(row).toBeUndefined();
    return;
  }
  expect(row).toMatchObject({ status, version, incarnation, next: null, before: null });
  expect(row?.serving).toBe(status === "active" ? "serving" : "none");
  if (plan !== undefined) expect(row).toMatchObject({ request, plan_hash: plan.hash });
  // Every operation that began has ended, once, as it was to; nothing is said of it afterwards.
  const rows = [...rowsOf(life).values()];
  expect(rows.map(({ id, state }) => ({ id, state }))).toEqual(model.operations);
  for (const { id, ended_at } of rows) {
    expect(ended_at).not.toBeNull();
    const own = life.events.filter(({ metadata }) => metadata.operation === id);
    expect(own.filter((event) => begunBy(event)?.operation === id)).toHaveLength(1);
    expect(own.at(-1)?.type).toMatch(lastEvents);
  }
}
