import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TeamEvent } from "../../domain/team/events.ts";
import { evolve, reserved, streamOf, undefinedTeam } from "../../domain/team/team.ts";
import { openEventStore } from "../../eventstore/open.ts";
import { type Control, control } from "../../sdk/typescript/control.ts";
import { PrismError } from "../../sdk/typescript/errors.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";

/** So much that somebody has to approve it: who gets in waits, holds what they have taken, and costs no topic. */
const large = (namespace: string, team: string) => ({
  namespace,
  team,
  client_api: "queue",
  needs: { write_rps: 120_000, data_size: "1MB" },
  access: {},
});

const plenty = { write_rps: 1_000_000_000, read_rps: 1_000_000_000, data_size: "100TB", namespaces: 1_000 };

describe("creates at the same time", () => {
  let prism: TestPrism;
  let root: Control;
  beforeAll(async () => {
    prism = await testPrism({
      names: ["api", "worker"],
      environment: { PRISM_NAME_COLLISIONS_PER_MINUTE: "20" },
    });
    root = await prism.control({ subject: "user:root", scopes: ["prism:platform"] });
  });
  afterAll(() => prism?.close());

  const caller = async (team: string, number: number): Promise<Control> =>
    control({
      api: prism.api,
      token: await prism.token({ subject: `user:${team}-${number}`, teams: [team] }),
      timeoutMs: 300_000,
    });

  it("one of fifty gets the name, and the others add nothing to its history", async () => {
    const teams = ["red-team", "green-team", "blue-team", "black-team", "white-team"];
    for (const team of teams) await root.teams.set(team, plenty);
    const askers = await Promise.all(
      teams.flatMap((team) =>
        Array.from({ length: 10 }, async (_, number) => ({ team, control: await caller(team, number) })),
      ),
    );
    const name = prism.name("wanted");
    const answers = await Promise.all(
      askers.map(async ({ team, control }) => ({
        team,
        answer: await control.namespaces.create(large(name, team)).catch(asPrismError),
      })),
    );

    const winners = answers.filter(({ answer }) => !(answer instanceof PrismError));
    expect(winners).toHaveLength(1);
    const codes = (own: boolean) =>
      new Set(
        answers.flatMap(({ team, answer }) =>
          (team === winners[0]?.team) === own && answer instanceof PrismError ? [answer.code] : [],
        ),
      );
    expect(codes(true)).toEqual(new Set(["OPERATION_IN_PROGRESS"]));
    expect(codes(false)).toEqual(new Set(["NAMESPACE_EXISTS"]));

    await expect.poll(async () => (await root.operations.list({ namespace: name })).items.length).toBe(1);
    const { items } = await root.namespaces.history(name);
    expect(new Set(items.map(({ operation_id }) => operation_id)).size).toBe(1);
    expect(new Set(items.map(({ actor }) => actor)).size).toBe(1);
    expect(items.filter(({ type }) => type === "NamespaceRequested")).toHaveLength(1);
  });

  it("five hundred on a quota for a hundred never hold more, and who loses learns what is left", {
    timeout: 400_000,
  }, async () => {
    const team = "crowded-team";
    await root.teams.set(team, { ...plenty, namespaces: 100 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const one = await caller(team, number);
        const names = Array.from({ length: 25 }, (_, at) => prism.name(`crowd-${number}-${at}`));
        return inLanes(names, (name) => decided(one, large(name, team)));
      }),
    );
    const [losers, winners] = parted(answers.flat());
    expect(winners).toEqual(Array(100).fill("awaiting_approval"));
    expect(losers).toHaveLength(400);
    for (const { code, details } of losers) {
      const { field, requested, quota, remaining } = details;
      expect({ code, field, requested, quota, remaining }).toEqual({
        code: "QUOTA_EXCEEDED",
        field: "namespace",
        requested: 1,
        quota: 100,
        remaining: 0,
      });
    }
    // Those that nobody could refuse at once, because they came before the quota was taken.
    const failed = await (await caller(team, 0)).operations.list({ state: "failed" });
    expect(failed.items.length).toBeGreaterThan(0);

    expect(await reservations(team)).toEqual({ most: 100, last: 100 });
    expect((await root.teams.get(team)).remaining.namespaces).toBe(0);
  });

  it("one request under one key, however often it is sent, is one operation", async () => {
    const team = "lonely-team";
    await root.teams.set(team, { ...plenty, namespaces: 1 });
    const one = await caller(team, 0);
    const name = prism.name("keyed");
    const send = () => one.namespaces.create(large(name, team), { idempotencyKey: "key", waitSeconds: 30 });
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    // The quota is used up by now, and the repeat is none the less the first request.
    answers.push(await send());
    expect(new Set(answers.map(({ operation }) => operation?.id)).size).toBe(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(["awaiting_approval"]));
    expect((await one.operations.list()).items).toHaveLength(1);

    const reused = { code: "IDEMPOTENCY_KEY_REUSED" };
    const others = [
      large(prism.name("other"), team),
      { ...large(name, team), needs: { write_rps: 130_000 } },
    ];
    for (const other of others) {
      await expect(one.namespaces.create(other, { idempotencyKey: "key" })).rejects.toMatchObject(reused);
    }
    // Keys are everybody's own.
    const two = await caller(team, 1);
    await expect(two.namespaces.create(large(name, team), { idempotencyKey: "key" })).rejects.toMatchObject({
      code: expect.stringMatching(/QUOTA_EXCEEDED|OPERATION_IN_PROGRESS/),
    });
  });

  it("a stranger who tries one name after the other is told to wait, whatever they ask for", async () => {
    const [theirs, mine] = ["hidden-team", "guessing-team"];
    for (const team of [theirs, mine]) await root.teams.set(team, plenty);
    const name = prism.name("hidden");
    await (await caller(theirs, 0)).namespaces.create(large(name, theirs), { waitSeconds: 30 });
    const guesser = await caller(mine, 0);
    const codes = [];
    for (let guess = 0; guess < 25; guess++) {
      const answer = await guesser.namespaces.create(large(name, mine)).catch(asPrismError);
      codes.push(answer instanceof PrismError ? answer.code : "accepted");
    }
    expect(codes.slice(0, 20)).toEqual(Array(20).fill("NAMESPACE_EXISTS"));
    expect(codes.at(-1)).toBe("RATE_LIMITED");
    const free = await fetch(`${prism.api}/api/v1/namespaces`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await prism.token({ subject: `user:${mine}-0`, teams: [mine] })}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(large(prism.name("free"), mine)),
    });
    expect(free.status).toBe(429);
    expect(Number(free.headers.get("retry-after"))).toBeGreaterThan(0);
    // It is about the caller, not about the team.
    const colleague = await (await caller(mine, 1)).namespaces.create(large(prism.name("free"), mine));
    expect(colleague.operation?.id).toBeDefined();
  });

  /** The state of a create that was asked for, or why it was refused or failed, however long that takes. */
  const decided = async (one: Control, request: object): Promise<string | PrismError> => {
    const asked = await one.namespaces.create(request, { waitSeconds: 60 }).catch(asPrismError);
    if (asked instanceof PrismError) return asked;
    const operation = () => one.operations.get(asked.operation?.id ?? "");
    await expect.poll(async () => (await operation()).state, { timeout: 300_000 }).toMatch(/awaiting|failed/);
    const { state, error } = await operation();
    return error === null ? state : new PrismError(error.code, error.message, error);
  };

  /** How many namespaces were held at most after any event, and after the last one. */
  const reservations = async (team: string) => {
    const store = openEventStore(prism.environment["PRISM_CONTROL_URL"] ?? "");
    let state = undefinedTeam;
    let most = 0;
    try {
      for await (const event of store.readStream(streamOf(team))) {
        state = evolve(state, event as unknown as TeamEvent);
        most = Math.max(most, reserved(state).namespaces);
      }
    } finally {
      await store.close();
    }
    return { most, last: reserved(state).namespaces };
  };
});

/** So many of a caller's requests are under way at once; in the long run all of them are. */
const lanes = process.env["PRISM_SOAK_SECONDS"] === undefined ? 7 : 25;

async function inLanes<T, Result>(
  items: readonly T[],
  work: (item: T) => Promise<Result>,
): Promise<Result[]> {
  const left = [...items];
  const results: Result[] = [];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

function parted<T>(answers: readonly (T | PrismError)[]): [PrismError[], T[]] {
  const errors = answers.filter((answer) => answer instanceof PrismError);
  return [errors, answers.filter((answer): answer is T => !(answer instanceof PrismError))];
}

function asPrismError(error: unknown): PrismError {
  if (error instanceof PrismError) return error;
  throw error;
}
