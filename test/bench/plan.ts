import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { requestDocument } from "../../api/request-body.ts";
import type { Json } from "../../domain/json.ts";
import { examine } from "../../domain/request/examine.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import type { Inventory } from "../../domain/selection/inventory.ts";
import { select } from "../../domain/selection/select.ts";
import { platform } from "../domain/asking.ts";
import { inventories, requests } from "../domain/generated.ts";
import { everything } from "../domain/inventories.ts";
import type { Benchmark } from "./benchmark.ts";
import { figure, type Load, timing } from "./load.ts";

type Asked = { readonly document: Json; readonly inventory: Inventory };
type Accepted = { readonly request: NamespaceRequest; readonly inventory: Inventory };

const goal = { plansPerSecond: 10_000, p99Ms: 2 };

/** Plan, trace and flips of every example in the documentation and of generated requests; pure, on one core. */
export const plan: Benchmark = {
  name: "plan",
  title: "Selecting a plan",
  servers: [],
  async run() {
    const asked = [...examples(), ...generated(5_000)];
    const accepted = asked.flatMap(acceptedOf);
    const selecting = timed(accepted, ({ request, inventory }) => select(request, inventory));
    const judging = timed(asked, judge);
    const selected = figure("select: plan, hash, trace, flips", "plans", selecting);
    const met = selecting.perSecond >= goal.plansPerSecond && (selected.p99 ?? 0) < goal.p99Ms;
    return {
      figures: [
        { ...selected, goal: { said: "10,000 plans/s, p99 < 2 ms", met } },
        figure("examine: the same from the document on, also where it is refused", "requests", judging),
      ],
      notes: [
        `${examples().length} documents of docs/examples and 5,000 generated ones, ${accepted.length} of them sound.`,
      ],
    };
  },
};

const judge = ({ document, inventory }: Asked) =>
  examine(document, { caller: platform, teamExists: () => true, inventory, team: "payments-team" });

function acceptedOf(asked: Asked): Accepted[] {
  const judged = judge(asked);
  return judged.accepted ? [{ request: judged.request, inventory: asked.inventory }] : [];
}

const examples = (): Asked[] =>
  globSync("docs/examples/**/*.yaml").map((file) => ({
    document: requestDocument(readFileSync(file, "utf8"), "application/yaml"),
    inventory: everything,
  }));

const generated = (count: number): Asked[] =>
  fc
    .sample(fc.tuple(requests, inventories), { numRuns: count, seed: 1 })
    .map(([document, inventory]) => ({ document, inventory }));

/** Two rounds to warm up, three that count. */
function timed<T>(items: readonly T[], work: (item: T) => unknown): Load {
  const rounds = { warmUp: 2, counted: 3 };
  const latenciesMs = new Float64Array(items.length * rounds.counted);
  for (let round = 0; round < rounds.warmUp; round += 1) for (const item of items) work(item);
  const end = timing();
  for (let index = 0; index < latenciesMs.length; index += 1) {
    const begun = performance.now();
    work(items[index % items.length] as T);
    latenciesMs[index] = performance.now() - begun;
  }
  return { ...end(latenciesMs.length), latenciesMs: latenciesMs.sort() };
}
