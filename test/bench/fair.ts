import { create, toBinary } from "@bufbuild/protobuf";
import { PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { queueRequest } from "../e2e/request.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { testPrism } from "../setup/prism.ts";
import type { Benchmark } from "./benchmark.ts";
import { alone, answersText, beside, type Met, type Phase } from "./fair-figures.ts";
import { grpcLoad, keyPlace } from "./grpc-load.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { payload, processes, topic } from "./queue.ts";

const reserved = 1_000;
const politeRate = 900;
const floodRate = 10 * reserved;
const seconds = 10;
// More than a second's worth: nothing of the flood waits at its sender unless the proxy makes it.
const mostOpen = 5_000;

const path = "/prism.v1.QueueService/Publish";
const request = { topic, payload, idempotencyKey: keyPlace };
const message = toBinary(PublishRequestSchema, create(PublishRequestSchema, request));

type Sender = { readonly connections: number; readonly rude: boolean };
const polite: Sender = { connections: 1, rude: false };
const floods: Readonly<Record<string, Sender>> = {
  "a flood over 100 connections": { connections: 100, rude: false },
  "a flood that ignores what HTTP/2 allows it": { connections: 4, rude: true },
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
      const publish = (namespace: string, perSecond: number, sender: Sender) =>
        grpcLoad({
          ...{ address: proxy.address, path, message, perSecond, seconds, inFlight: mostOpen, ...sender },
          headers: { authorization: `Bearer ${token}`, "prism-namespace": namespace },
        });
      const phase = async (flood?: Sender): Promise<Phase> => {
        const spent = await watch(proxy, [one, two], third);
        const [flooded, ...politely] = await Promise.all([
          flood && publish(third, floodRate, flood),
          publish(one, politeRate, polite),
          publish(two, politeRate, polite),
        ]);
        return { seconds, polite: politely, flood: flooded, ...(await spent()) };
      };
      // Until what is called most has been compiled.
      for (const flood of Object.values(floods)) await phase(flood);
      const without = await phase();
      const figures = [...alone(without)];
      const answers: string[] = [];
      for (const [said, flood] of Object.entries(floods)) {
        const flooded = await phase(flood);
        figures.push(...beside(said, without, flooded, flood.rude ? floodRate : undefined));
        answers.push(answersText(said, flooded));
      }
      return { figures, notes: [...notes, ...answers] };
    } finally {
      await more.close();
      await prism.close();
    }
  },
};

const rate = (perSecond: number): string => perSecond.toLocaleString("en");
const notes = [
  `Publishes of 1 KiB with keys of their own, ${seconds} s each, from grpc-load: whether or not earlier ones were answered. Each of three namespaces has reserved ${rate(reserved)} writes a second; a polite one wants ${rate(politeRate)}, the flood ${rate(floodRate)}.`,
  "The first flood keeps to what HTTP/2 allows it: what the proxy does not want waits at the sender. The second sends all of it, and HTTP/2 refuses most before the proxy has read it.",
  "Work is what `prism_namespace_busy_seconds_total` counts. The rest of the process's CPU is HTTP/2, the log, the relay and garbage, for all of them.",
];

/** Answers what the proxy has met and spent since, a second. */
async function watch({ operator, process }: RunningProxy, politely: readonly string[], flood: string) {
  const now = async () => {
    const text = await (await fetch(`http://${operator}/metrics`)).text();
    const counted = (name: string, namespaces: readonly string[]): number =>
      namespaces.reduce((sum, namespace) => {
        const line = new RegExp(`^${name}{namespace="${namespace}"} (\\S+)$`, "m");
        return sum + Number(line.exec(text)?.[1] ?? Number.NaN);
      }, 0);
    const met = (namespaces: readonly string[]): Met => ({
      calls: counted("prism_namespace_requests_total", namespaces),
      busyMs: 1_000 * counted("prism_namespace_busy_seconds_total", namespaces),
    });
    return { polite: met(politely), flood: met([flood]), cpuMs: 1_000 * cpuSeconds(process.pid ?? 0) };
  };
  const before = await now();
  const since = (was: Met, is: Met): Met => ({
    calls: (is.calls - was.calls) / seconds,
    busyMs: (is.busyMs - was.busyMs) / seconds,
  });
  return async () => {
    const after = await now();
    return {
      met: { polite: since(before.polite, after.polite), flood: since(before.flood, after.flood) },
      cpuMs: (after.cpuMs - before.cpuMs) / seconds,
    };
  };
}
