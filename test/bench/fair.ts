import { setTimeout as pause } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { PublishRequestSchema } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { queueRequest } from "../e2e/request.ts";
import { rawClient, refusalOf } from "../proxy/raw-client.ts";
import { moreProxies } from "../setup/more-proxies.ts";
import { testPrism } from "../setup/prism.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { payload, processes, topic } from "./queue.ts";

const reserved = 1_000;
const politeRate = 500;
const seconds = 10;
// How many calls of the flood may be unanswered: the rest of what it wants waits at the sender.
const mostOpen = 2_000;
const message = { topic, payload };
const messageBytes = toBinary(PublishRequestSchema, create(PublishRequestSchema, message)).byteLength;

type Outcome = { served: number; refused: number; failed: number; heldBack: number };
type Phase = { readonly polite: readonly Outcome[]; readonly flood: Outcome; readonly cpu: number };

/** Three namespaces in one proxy, two of which ask for half of what they reserved, with and without a third that floods. */
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
      const pid = proxy.process.pid ?? 0;
      const ask = (namespace: string, perSecond: number) => paced(proxy.address, namespace, token, perSecond);
      const phase = async (floodRate: number): Promise<Phase> => {
        const before = cpuSeconds(pid);
        const [flood, ...polite] = await Promise.all([
          ask(third, floodRate),
          ask(one, politeRate),
          ask(two, politeRate),
        ]);
        return { polite, flood, cpu: (cpuSeconds(pid) - before) / seconds };
      };
      await phase(0);
      return report(await phase(0), await phase(10 * reserved));
    } finally {
      await more.close();
      await prism.close();
    }
  },
};

/** Publishes at a steady rate, whether or not earlier ones were answered. */
async function paced(address: string, namespace: string, token: string, perSecond: number): Promise<Outcome> {
  const raw = rawClient(address, { authorization: `Bearer ${token}`, "prism-namespace": namespace });
  const outcome = { served: 0, refused: 0, failed: 0, heldBack: 0 };
  let open = 0;
  const one = async (): Promise<void> => {
    open++;
    try {
      await raw.unary(QueueService.method.publish, message);
      outcome.served++;
    } catch (error) {
      if (refusalOf(error as ServiceError).reason === "RATE_LIMITED") outcome.refused++;
      else outcome.failed++;
    }
    open--;
  };
  const began = performance.now();
  let asked = 0;
  for (let at = 0; at < seconds * 1_000; at = performance.now() - began) {
    for (const due = (at / 1_000) * perSecond; asked < due; asked++) {
      if (open < mostOpen) void one();
      else outcome.heldBack++;
    }
    await pause(2);
  }
  // What was let in is answered; what comes after the time is not of it.
  const counted = { ...outcome };
  while (open > 0) await pause(20);
  raw.close();
  return counted;
}

function report(without: Phase, beside: Phase) {
  const rate = (outcomes: readonly Outcome[]) =>
    outcomes.reduce((sum, { served }) => sum + served, 0) / seconds;
  const [alone, crowded] = [rate(without.polite), rate(beside.polite)];
  const { flood } = beside;
  const wanted = flood.served + flood.refused + flood.failed + flood.heldBack;
  const figures: Figure[] = [
    { what: "two polite namespaces, alone", unit: "msgs", perSecond: alone },
    {
      what: "the same, beside one that wants ten times its rate",
      unit: "msgs",
      perSecond: crowded,
      goal: { said: "within 5 %", met: crowded >= 0.95 * alone },
    },
    { what: "that one, served", unit: "msgs", perSecond: flood.served / seconds },
    { what: "that one, refused", unit: "msgs", perSecond: flood.refused / seconds },
  ];
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const taken = beside.cpu - without.cpu;
  return {
    figures,
    notes: [
      `Messages of ${messageBytes} bytes from one process in Node, ${seconds} s each; each namespace has reserved ${reserved.toLocaleString("en")} writes a second, a polite one asks for ${politeRate}.`,
      `CPU of the proxy: ${percent(without.cpu)} of a core without the flood, ${percent(beside.cpu)} with it. The flood's part is ${percent(taken)}, ${taken <= 1 / 3 ? "no more" : "more"} than an equal third.`,
      `The flood wanted ${Math.round(wanted / seconds).toLocaleString("en")} a second; ${percent(flood.heldBack / wanted)} of that never left its sender, because ${mostOpen.toLocaleString("en")} calls were unanswered.`,
    ],
  };
}
