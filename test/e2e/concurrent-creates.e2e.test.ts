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
    prism = await testPrism({ names: ["api", "worker"] });
    root = await prism.control({ subject: "user:root", scopes: ["prism:platform"] });
  });
  afterAll(() => prism?.close());

  const caller = async (team: string, number: number): Promise<Control> =>
    control({
      api: prism.api,
      token: await prism.token({ subject: `user:${team}-${number}`, teams: [team] }),
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
    timeout: 240_000,
  }, async () => {
    const team = "crowded-team";
    await root.teams.set(team, { ...plenty, namespaces: 100 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const { namespaces } = await caller(team, number);
        const names = Array.from({ length: 25 }, (_, at) => prism.name(`crowd-${number}-${at}`));
        return inLanes(names, (name) =>
          namespaces.create(large(name, team), { waitSeconds: 60 }).catch(asPrismError),
        );
      }),
    );
    const [losers, winners] = parted(answers.flat());
    expect(winners.map(({ status }) => status)).toEqual(Array(100).fill("awaiting_approval"));
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
