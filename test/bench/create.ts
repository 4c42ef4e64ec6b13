import type { Operation } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { testPrism } from "../setup/prism.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { figure, load, percentile } from "./load.ts";
import { processes } from "./queue.ts";

const goals = { p95Ms: 1_000, perSecond: 4 };

/** Namespaces asked for over REST with `Prefer: wait`, until they serve. */
export const create: Benchmark = {
  name: "create",
  title: "Creating namespaces",
  servers: ["postgres-control", "postgres-data", "temporal", "kafka"],
  async run() {
    const prism = await testPrism({ environment: processes });
    try {
      const member = await prism.control({ teams: ["payments-team"], ttlSeconds: 3_600 });
      const operations: string[] = [];
      const one = async (index: number) =>
        operations.push(await created(member, prism.name(`bench-${index}`)));
      await load({ callers: 1, calls: 5 }, (index) => one(index));
      operations.length = 0;
      const single = figure(
        "one by one",
        "creates",
        await load({ callers: 1, calls: 30 }, (index) => one(100 + index)),
      );
      const steps = await Promise.all(operations.map((id) => member.operations.get(id)));
      const many = figure(
        "10 side by side",
        "creates",
        await load({ callers: 10, calls: 60 }, (index) => one(200 + index)),
      );
      return { figures: judged(single, many), notes: [content, stepTimes(steps)] };
    } finally {
      await prism.close();
    }
  },
};

/** The operation that created it. */
async function created(member: Control, namespace: string): Promise<string> {
  const access = { owners: [{ team: "payments-team" }], consumers: [{ service: "order-api" }] };
  const needs = { durability: "strong", replay: "enabled" };
  const asked = { namespace, team: "payments-team", client_api: "queue", needs, access };
  const { status, operation } = await member.namespaces.create(asked, { waitSeconds: 60 });
  if (status !== "active") throw new Error(`${namespace} is ${status} after 60 s`);
  return operation?.id ?? "";
}

function judged(single: Figure, many: Figure): readonly Figure[] {
  const alone = { said: "p95 ≤ 1 s (aim 0.5)", met: (single.p95 ?? Infinity) <= goals.p95Ms };
  const together = { said: "≥ 4/s (aim 8)", met: (many.perSecond ?? 0) >= goals.perSecond };
  return [
    { ...single, goal: alone },
    { ...many, goal: together },
  ];
}

/** When each step was done, after the operation began: the middle of all operations. */
function stepTimes(operations: readonly Operation[]): string {
  const times = new Map<string, number[]>();
  for (const { started_at, steps } of operations) {
    for (const { name, ended_at } of steps) {
      if (ended_at === null) continue;
      // A resource is called by its own name; here its kind is what counts.
      const kind = name.replace(/\s\S*bench\S*$/, "");
      times.set(kind, [...(times.get(kind) ?? []), Date.parse(ended_at) - Date.parse(started_at)]);
    }
  }
  const middles = [...times].map(([name, ms]) => `${name} ${percentile(Float64Array.from(ms).sort(), 0.5)}`);
  return `One by one, each step is done after so many milliseconds (p50): ${middles.join(", ")}.`;
}

const content =
  "A queue of durability strong with replay: a topic, its quota, the tables of WAL and replay store, access, a proxy's acknowledgement, a probe.";
