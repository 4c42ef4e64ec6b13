import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { directorySteps, moments } from "../../proxy/failpoint.ts";
import { reportedAt, shortStale } from "../e2e/revoking.ts";
import { figures, soaking } from "../eventstore/soaking.ts";
import { revoke } from "../model/revoke.ts";
import { oneOf, randomOf } from "../setup/random.ts";
import { until } from "../setup/until.ts";
import { planted } from "./cells.ts";
import { play } from "./revoke-schedule.ts";
import { pci, type Stage, stage } from "./stage.ts";

// All of them take minutes: `npm run soak`.
const seed = Number(process.env["PRISM_SEED"] ?? Date.now() % 1_000_000);
const walks = Number(process.env["PRISM_WALKS"] ?? (soaking ? 20 : 0));
const quick = ["ack before apply", "cancel after the pivot"];
const cells = process.env["PRISM_FAULTS"]?.split(",") ?? (soaking ? Object.keys(planted) : quick);
const steps = 16;
const deaths = directorySteps
  .flatMap((step) => moments.map((moment) => ({ step, moment })))
  .filter(({ step, moment }) => soaking || (step === "save" && moment === "before"));

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

  it.each(deaths)("nor where a proxy dies $moment $step, and is started again", async ({ step, moment }) => {
    const name = await own.namespace(`dies-${step}-${moment}`, pci);
    await own.restart(`${step}:${moment}:${name}`);
    await until(() => own.accepts(own.a, name), 60_000);
    const { operation } = await own.alice.namespaces.update(name, { access: { consumers: [] } });
    await until(() => own.a.process.signalCode === "SIGKILL", 60_000);
    await own.restart();
    await until(async () => (await reportedAt(own.alice, name, operation?.id ?? "")) !== undefined, 100_000);
    expect([await own.accepts(own.a, name), await own.accepts(own.b, name)]).toEqual([false, false]);
  });

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
