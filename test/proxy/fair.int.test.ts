import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { beforeAll, expect, it } from "vitest";
import { PublishRequestSchema, type PublishResponse } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { until } from "../setup/until.ts";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { rawClient, refusalOf } from "./raw-client.ts";
import { kafkaTopic, startProxy } from "./stage.ts";

const reserved = 100;
const names = ["a", "b", "flood"];
let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let topics: readonly string[];

beforeAll(async () => {
  control = await controlPlane();
  topics = await Promise.all(names.map(() => kafkaTopic(1)));
  const limits = { maxMessageBytes: 1_000_000n, writeRps: reserved, readRps: 1_000, connections: 4 };
  for (const [at, name] of names.entries()) control.put(queueEntry(name, topics[at] ?? "", { limits }));
  proxy = await startProxy(control);
  await control.acknowledged();
});

const client = (namespace: string, who = "owner") =>
  rawClient(proxy.address, { authorization: `Bearer ${who}`, "prism-namespace": namespace });
const message = { topic: "t", payload: new Uint8Array(1_000) };

/** So many in flight, each asked again as soon as it is answered. */
function flooding(inFlight: number) {
  const raw = client("flood");
  const seen = { served: 0, refused: 0, other: [] as string[] };
  let over = false;
  const all = Array.from({ length: inFlight }, async () => {
    while (!over) {
      try {
        await raw.unary(QueueService.method.publish, message);
        seen.served++;
      } catch (error) {
        const { reason } = refusalOf(error as ServiceError);
        if (reason === "RATE_LIMITED") seen.refused++;
        else seen.other.push(reason);
      }
    }
  });
  return {
    seen,
    async end() {
      over = true;
      await Promise.all(all);
      raw.close();
    },
  };
}

/** At half its rate at most, whatever others do; answers how many it asked for and how many of them failed. */
async function steadily(namespace: string, seconds: number) {
  const raw = client(namespace);
  const underWay: Promise<boolean>[] = [];
  for (const over = performance.now() + seconds * 1_000; performance.now() < over; ) {
    const published = raw.unary(QueueService.method.publish, message);
    underWay.push(
      published.then(
        () => false,
        () => true,
      ),
    );
    await pause(2_000 / reserved);
  }
  const failed = await Promise.all(underWay);
  raw.close();
  return { asked: failed.length, failed: failed.filter(Boolean).length };
}

it("one that floods is served its rate and slowed down; the others are served all they ask for", async () => {
  const flood = flooding(500);
  const began = performance.now();
  const steady = await Promise.all([steadily("a", 4), steadily("b", 4)]);
  const seconds = (performance.now() - began) / 1_000;
  const { served, refused, other } = { ...flood.seen };
  await flood.end();
  expect(steady.map(({ failed }) => failed)).toEqual([0, 0]);
  expect(other).toEqual([]);
  // A second's worth may come at once in the beginning.
  expect(served).toBeLessThanOrEqual((seconds + 1) * reserved + 500);
  // Twice as much as the others ask for where the machine keeps up, and never less than they are served.
  for (const { asked } of steady) expect(served).toBeGreaterThan(asked);
  // Five hundred callers that were answered at once would have asked many times as often.
  expect(refused).toBeLessThanOrEqual((seconds + 1) * 1_000);
});

it("connections that flood are told to have fewer calls open, and are served on", async () => {
  const bytes = toBinary(PublishRequestSchema, create(PublishRequestSchema, message));
  const framed = Buffer.concat([
    Buffer.from([0, 0, 0, bytes.byteLength >> 8, bytes.byteLength & 255]),
    bytes,
  ]);
  const headers = {
    ...{ ":method": "POST", ":path": "/prism.v1.QueueService/Publish" },
    ...{ "content-type": "application/grpc", te: "trailers" },
    ...{ authorization: "Bearer owner", "prism-namespace": "flood" },
  };
  let served = 0;
  const underWay = new Map<ClientHttp2Session, number>();
  const ask = (flood: ClientHttp2Session): void => {
    underWay.set(flood, (underWay.get(flood) ?? 0) + 1);
    const call = flood.request(headers);
    call.on("close", () => underWay.set(flood, (underWay.get(flood) ?? 0) - 1));
    call.on("trailers", (trailers) => {
      if (String(trailers["grpc-status"]) === "0") served++;
    });
    call.on("error", () => {});
    call.resume().end(framed);
  };
  const floods = Array.from({ length: 3 }, () => connect(`http://${proxy.address}`));
  await Promise.all(floods.map((flood) => once(flood, "remoteSettings")));
  const allowed = floods.map(({ remoteSettings }) => remoteSettings.maxConcurrentStreams ?? 0);
  const isNarrowed = (flood: ClientHttp2Session, at: number): boolean =>
    Number(flood.remoteSettings.maxConcurrentStreams) < (allowed[at] ?? 0);
  await until(() => {
    // Again and again: a busy machine may refuse a part of them before the rest has come.
    for (const flood of floods) while ((underWay.get(flood) ?? 0) < 800) ask(flood);
    return floods.some(isNarrowed);
  });
  const before = served;
  for (let count = 0; count < 100; count++) for (const flood of floods) ask(flood);
  await until(() => served > before);
  for (const flood of floods) flood.destroy();
}, 60_000);

it("a stream that brings more than is reserved is refused no faster than other calls, and loses nothing", async () => {
  const asked = 4_000;
  // A client may be so far ahead of its answers, and a frame more: that is refused at once.
  const frame = 100;
  const ahead = 1_000 + frame;
  const together = create(PublishRequestSchema, {
    ...message,
    more: Array.from({ length: frame - 1 }, () => message),
  });
  const call = client("flood").stream<PublishResponse>(QueueService.method.publishStream);
  const answers: PublishResponse[] = [];
  call.on("data", (answer: PublishResponse) => answers.push(answer, ...answer.more));
  const began = performance.now();
  for (let count = 0; count < asked; count += frame) call.write(together);
  call.end();
  await once(call, "end");
  const seconds = (performance.now() - began) / 1_000;
  const errors = answers.flatMap(({ error }) => error?.code ?? []);
  expect(answers).toHaveLength(asked);
  expect(new Set(errors)).toEqual(new Set(["RATE_LIMITED"]));
  expect(errors.length).toBeLessThanOrEqual(ahead + seconds * 1_000);
});

it("streams of one caller make place for another's", async () => {
  const streams = Array.from({ length: 4 }, () => client("a").stream(QueueService.method.publishStream));
  const ends: string[] = [];
  let answers = 0;
  for (const stream of streams) {
    stream.on("data", () => answers++);
    stream.on("error", (error: ServiceError) => ends.push(refusalOf(error).reason));
    stream.write(create(PublishRequestSchema, message));
  }
  await until(() => answers === streams.length);
  const other = client("a", "writer").stream<PublishResponse>(QueueService.method.publishStream);
  const answered = new Promise<PublishResponse>((resolve) => other.once("data", resolve));
  other.on("error", () => {});
  other.write(create(PublishRequestSchema, message));
  expect((await answered).error).toBeUndefined();
  await until(() => ends.length === 1);
  expect(ends).toEqual(["RATE_LIMITED"]);
  for (const stream of [...streams, other]) stream.cancel();
});
