import { type Instance, temporaryInstance } from "../../stack/instance.ts";
import { progress } from "../../stack/progress.ts";
import type { ServerName } from "../../stack/server.ts";
import { signals } from "../../stack/signals.ts";
import { stackUp } from "../../stack/stack.ts";
import { append } from "./append.ts";
import type { Benchmark } from "./benchmark.ts";
import { consume } from "./consume.ts";
import { create } from "./create.ts";
import { delivery } from "./delivery.ts";
import { emmett } from "./emmett.ts";
import { fair } from "./fair.ts";
import { busyWithOthers } from "./machine.ts";
import { plan } from "./plan.ts";
import { projection } from "./projection.ts";
import { publish } from "./publish.ts";
import { table, write } from "./report.ts";

const benchmarks: readonly Benchmark[] = [
  plan,
  append,
  delivery,
  projection,
  emmett,
  publish,
  fair,
  consume,
  create,
];

/**
 * `npm run bench`, or `npm run bench -- NAME…`: one after the other, each on the servers it needs,
 * started for this run where no PRISM_* variable names one. Figures go to docs/performance.md.
 */
async function main(names: readonly string[]): Promise<number> {
  const chosen = benchmarks.filter(({ name }) => names.length === 0 || names.includes(name));
  const unknown = names.filter((name) => !benchmarks.some((one) => one.name === name));
  if (unknown.length > 0) {
    console.error(
      `no benchmark ${unknown.join(", ")}; there are ${benchmarks.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const stopping = signals(process.env);
  const stopped = new Promise<never>((_, reject) =>
    stopping.signal.addEventListener("abort", () => reject(stopping.signal.reason)),
  );
  stopped.catch(() => {});
  const servers = serversFor(stopping.signal);
  let failures = 0;
  for (const one of chosen) {
    try {
      await Promise.race([measure(one, servers), stopped]);
    } catch (error) {
      if (stopping.signal.aborted) break;
      failures += 1;
      console.error(`${one.title}:`, error);
    }
  }
  await servers.down();
  if (stopping.signal.aborted) return 130;
  return failures === 0 ? 0 : 1;
}

async function measure(one: Benchmark, servers: ReturnType<typeof serversFor>): Promise<void> {
  const before = await busyWithOthers();
  await servers.up(one.servers);
  console.log(`\n${one.title}`);
  const measured = await one.run();
  const busy = `${Math.round(before * 100)} % busy before, ${Math.round((await busyWithOthers()) * 100)} % after`;
  console.log([table(measured.figures), ...(measured.notes ?? []), `The machine: ${busy}`].join("\n"));
  write(one, measured, busy);
}

/** Servers of this run, started when the first benchmark needs them: an idle one still costs time. */
function serversFor(signal: AbortSignal) {
  let instance: Instance | undefined;
  const given = { ...process.env };
  const lines = progress();
  const stacks: { close(): Promise<void> }[] = [];
  return {
    async up(wanted: readonly ServerName[]) {
      if (wanted.length === 0) return;
      instance ??= temporaryInstance();
      const stack = await stackUp({
        environment: given,
        instance,
        wanted,
        needed: wanted,
        owned: true,
        progress: lines,
        signal,
      });
      stacks.push(stack);
      // What tests and benchmarks share finds its servers where the processes find theirs.
      Object.assign(process.env, stack.environment);
    },
    async down() {
      lines.close();
      for (const stack of stacks.reverse()) await stack.close();
    },
  };
}

process.exit(await main(process.argv.slice(2)));
