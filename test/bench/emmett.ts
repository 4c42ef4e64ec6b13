import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { database } from "../eventstore/database.ts";
import type { Benchmark, Measured } from "./benchmark.ts";
import { smallEvent } from "./events.ts";
import { figure, load } from "./load.ts";

const packages = ["emmett-postgresql@0.42.0", "emmett@0.42.0"].map((name) => `@event-driven-io/${name}`);
const callers = 64;
const calls = 10_000;
const settleMs = 10_000;

/** The same load on a store that many use, installed beside the checkout for this run, with a consumer that counts. */
export const emmett: Benchmark = {
  name: "emmett",
  title: "The same load on emmett-postgresql 0.42",
  servers: ["postgres-control"],
  async run() {
    const folder = await mkdtemp(join(tmpdir(), "prism-bench-emmett-"));
    const { url, drop } = await database();
    try {
      const installed = await install(folder);
      return installed === undefined
        ? await measure(await storeOf(folder, url))
        : { figures: [], notes: [installed] };
    } finally {
      await drop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Why it could not be installed, if it could not. */
async function install(folder: string): Promise<string | undefined> {
  await writeFile(join(folder, "package.json"), '{"private":true}');
  try {
    await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: folder });
    return undefined;
  } catch (error) {
    return `Not run: ${packages[0]} could not be installed (${error instanceof Error ? error.message.split("\n")[0] : error}).`;
  }
}

/** As much of it as is used here. */
type Store = {
  appendToStream(
    stream: string,
    events: readonly unknown[],
    options: { expectedStreamVersion: bigint | "STREAM_DOES_NOT_EXIST" },
  ): Promise<{ nextExpectedStreamVersion: bigint }>;
  consumer(options: { pulling: { batchSize: number; pullingFrequencyInMs: number } }): {
    reactor(options: object): unknown;
    start(): Promise<void>;
    close(): Promise<void>;
  };
  schema: { migrate(): Promise<unknown> };
  close(): Promise<void>;
};

async function storeOf(folder: string, url: string): Promise<Store> {
  const entry = createRequire(join(folder, "package.json")).resolve("@event-driven-io/emmett-postgresql");
  const { getPostgreSQLEventStore } = await import(pathToFileURL(entry).href);
  const store: Store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  return store;
}

async function measure(store: Store): Promise<Measured> {
  const delivered = new Map<string, number>();
  const consumer = store.consumer({ pulling: { batchSize: 100, pullingFrequencyInMs: 50 } });
  consumer.reactor({
    processorId: "bench",
    startFrom: "BEGINNING",
    eachMessage: ({ data }: { data: { message_id: string } }) =>
      void delivered.set(data.message_id, (delivered.get(data.message_id) ?? 0) + 1),
  });
  const consuming = consumer.start();
  const versions = new Map<number, bigint>();
  const loaded = await load({ callers, calls }, async (_, caller) => {
    const { type, data } = smallEvent();
    const expectedStreamVersion = versions.get(caller) ?? ("STREAM_DOES_NOT_EXIST" as const);
    const answer = await store.appendToStream(`namespace-bench-${caller}`, [{ type, data }], {
      expectedStreamVersion,
    });
    versions.set(caller, answer.nextExpectedStreamVersion);
  });
  for (let waitedMs = 0; delivered.size < calls && waitedMs < settleMs; waitedMs += 250) await pause(250);
  const twice = [...delivered.values()].filter((count) => count > 1).length;
  const again = await store
    .appendToStream("namespace-bench-0", [smallEvent()], { expectedStreamVersion: "STREAM_DOES_NOT_EXIST" })
    .then(
      () => "accepted",
      () => "refused",
    );
  await consumer.close();
  await consuming;
  await store.close();
  return {
    figures: [figure("append, exact version, 64 callers", "appends", loaded)],
    notes: [
      `Of ${calls} events appended and acknowledged, its consumer never saw ${calls - delivered.size} within ${settleMs / 1_000} s after the last, and saw ${twice} twice: it remembers a position while commits come in another order.`,
      `An append that expects no stream, to one that exists: ${again}.`,
    ],
  };
}
