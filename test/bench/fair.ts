import { create, toBinary } from "@bufbuild/protobuf";
import { PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { queueRequest } from "../e2e/request.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { testPrism } from "../setup/prism.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { grpcLoad, keyPlace, type Report } from "./grpc-load.ts";
import { latencies } from "./load.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { payload, processes, topic } from "./queue.ts";

const reserved = 1_000;
const politeRate = 900;
const floodRate = 10 * reserved;
const seconds = 10;
// More than a second's worth: nothing of the flood waits at its sender.
const mostOpen = 5_000;
const floodConnections = 4;

const path = "/prism.v1.QueueService/Publish";
const request = { topic, payload, idempotencyKey: keyPlace };
const message = toBinary(PublishRequestSchema, create(PublishRequestSchema, request));

/** What the proxy has counted, a second. */
type Met = { readonly calls: number; readonly busyMs: number };
type Phase = {
  readonly polite: readonly Report[];
  readonly flood: Report | undefined;
  readonly met: { readonly polite: Met; readonly flood: Met };
  /** Of the proxy's whole process, in milliseconds a second. */
  readonly cpuMs: number;
};

/** Three namespaces in one proxy, two of which keep just below their rate, with and without a third at ten times its. */
export const fair: Benchmark = {
  name: "fair",
  title: "Sharing a proxy",
  servers: ["postgres-control", "postgres-data", "temporal", "kafka"],
  async run() {
    const prism = await testPrism({ names: ["api", "worker"], environment: processes });
    const more = moreProxies(prism);
    try {
      const proxy = await more.start("fair", { PRISM_LOG_LEVEL: "info" });
      const caller = { teams: ["payments-team"], ttlSeconds: 3_600 };
      const [member, token] = [await prism.control(caller), await prism.token(caller)];
      const [one = "", two = "", third = ""] = ["one", "two", "flood"].map(prism.name);
      const needs = { durability: "strong", write_rps: reserved };
      for (const name of [one, two, third]) {
        await member.namespaces.create(queueRequest(name, { needs }), { waitSeconds: 60 });
      }
      const publish = (namespace: string, perSecond: number, connections: number) =>
        grpcLoad({
          ...{ address: proxy.address, path, message, perSecond, connections, seconds, inFlight: mostOpen },
          headers: { authorization: `Bearer ${token}`, "prism-namespace": namespace },
        });
      const phase = async (flooded: boolean): Promise<Phase> => {
        const spent = await watch(proxy, [one, two], third);
        const [flood, ...polite] = await Promise.all([
          flooded ? publish(third, floodRate, floodConnections) : undefined,
          publish(one, politeRate, 1),
          publish(two, politeRate, 1),
        ]);
        return { polite, flood, ...(await spent()) };
      };
      // Until all three have been compiled for.
      await phase(true);
      return report(await phase(false), await phase(true));
    } finally {
      await more.close();
      await prism.close();
    }
  },
};

/** Answers what the proxy has met and spent since. */
async function watch({ operator, process }: RunningProxy, polite: readonly string[], flood: string) {
  const now = async () => {
    const text = await (await fetch(`http://${operator}/metrics`)).text();
    const counted = (name: string, namespace: string): number =>
      Number(new RegExp(`^${name}{namespace="${namespace}"} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
    const of = (namespaces: readonly string[]) => ({
      calls: sum(namespaces.map((each) => counted("prism_namespace_requests_total", each))),
      busyMs: sum(namespaces.map((each) => 1_000 * counted("prism_namespace_busy_seconds_total", each))),
    });
    return { polite: of(polite), flood: of([flood]), cpuMs: 1_000 * cpuSeconds(process.pid ?? 0) };
  };
  const before = await now();
  return async () => {
    const after = await now();
    const each = (was: Met, is: Met): Met => ({
      calls: (is.calls - was.calls) / seconds,
      busyMs: (is.busyMs - was.busyMs) / seconds,
    });
    return {
      met: { polite: each(before.polite, after.polite), flood: each(before.flood, after.flood) },
      cpuMs: (after.cpuMs - before.cpuMs) / seconds,
    };
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Those that were served within the time; later ones make it longer. */
const rate = (reports: readonly Report[]): number =>
  sum(reports.map(({ answers, seconds: took }) => (answers["0"] ?? 0) / Math.max(seconds, took)));

const politely = ({ polite }: Phase): Pick<Figure, "unit" | "perSecond" | "p50" | "p95" | "p99"> => ({
  unit: "msgs",
  perSecond: rate(polite),
  ...latencies(
    Float64Array.from(polite.flatMap(({ micros }) => micros))
      .sort()
      .map((each) => each / 1_000),
  ),
});

function report(without: Phase, beside: Phase) {
  const { polite, flood } = beside.met;
  const served = rate(beside.flood === undefined ? [] : [beside.flood]);
  const work = (what: string, perSecond: number): Figure => ({ what, unit: "ms", perSecond });
  const figures: Figure[] = [
    { what: "two polite namespaces, alone", ...politely(without) },
    {
      what: "the same, beside one that floods",
      ...politely(beside),
      goal: { said: "within 5 %", met: rate(beside.polite) >= 0.95 * rate(without.polite) },
    },
    {
      what: "the flood, as the proxy met it",
      unit: "calls",
      perSecond: flood.calls,
      goal: { said: `≥ ten times ${reserved.toLocaleString("en")}`, met: flood.calls >= 0.99 * floodRate },
    },
    { what: "of it served", unit: "msgs", perSecond: served },
    work("the proxy's work for the polite two, alone", without.met.polite.busyMs),
    {
      ...work("for the polite two, beside the flood", polite.busyMs),
      goal: { said: "no less", met: polite.busyMs >= 0.95 * without.met.polite.busyMs },
    },
    work("for the flood", flood.busyMs),
    work("CPU of the proxy's process, without the flood", without.cpuMs),
    {
      ...work("CPU of the proxy's process, with it", beside.cpuMs),
      goal: { said: "a third more at most", met: beside.cpuMs - without.cpuMs <= 1_000 / 3 },
    },
  ];
  return { figures, notes: [] };
}
