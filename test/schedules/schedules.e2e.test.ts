import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { shortStale } from "../e2e/revoking.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { revoke } from "../model/revoke.ts";
import { oneOf, randomOf } from "../setup/random.ts";
import { planted } from "./cells.ts";
import { play } from "./revoke-schedule.ts";
import { type Stage, stage } from "./stage.ts";

// All of them take minutes: `npm run soak`.
const seed = Number(process.env["PRISM_SEED"] ?? Date.now() % 1_000_000);
const walks = Number(process.env["PRISM_WALKS"] ?? (soaking ? 20 : 1));
const quick = ["ack before apply", "cancel after the pivot"];
const cells = process.env["PRISM_FAULTS"]?.split(",") ?? (soaking ? Object.keys(planted) : quick);
const steps = 16;

describe("the model's schedules, played with real processes", () => {
  let own: Stage;
  beforeAll(async () => {
    own = await stage([], shortStale);
  }, 300_000);
  afterAll(() => own?.close());
  afterEach(() => own.atRest(), 120_000);

  it.each(cells)(
    "do no harm where the source has not the fault '%s'",
    async (fault) => {
      expect(await planted[fault]?.cell(own)).toEqual([]);
    },
    400_000,
  );

  const random = randomOf(seed);
  it.each(Array.from({ length: walks }, (_, at) => ({ at, schedule: walk(random) })))(
    `do no harm either where they are drawn: PRISM_SEED=${seed}, $at`,
    async ({ at, schedule }) => {
      const { harm, impossible } = await play(own, await own.namespace(`walk-${at}`), [
        ...schedule,
        "register",
      ]);
      figures(`${seed}/${at}: ${schedule.join(", ")} (not done: ${impossible.join(", ") || "none"})`);
      expect(harm, schedule.join(", ")).toEqual([]);
    },
    400_000,
  );
});

/** A way through the model in which access is taken away. */
function walk(random: () => number): readonly string[] {
  for (;;) {
    const { initial, next } = revoke();
    const way: string[] = [];
    for (let state = initial; way.length < steps; ) {
      const [action, then] = oneOf(random, next(state));
      way.push(action);
      state = then;
    }
    if (way.includes("apply")) return way.filter((action) => action !== "register");
  }
}
