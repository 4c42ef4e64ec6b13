import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Crowding, callsAtOnce, crowding } from "../../proxy/crowding.ts";
import { until } from "../setup/until.ts";

let now = 0;
let crowds: Crowding;
let arrived: ServerHttp2Stream[];
let clients: ClientHttp2Session[];
const server = createServer({ settings: { maxConcurrentStreams: callsAtOnce } });
server.on("stream", (stream) => {
  stream.on("error", () => {});
  arrived.push(stream);
});

beforeEach(async () => {
  now = 0;
  crowds = crowding(() => now);
  arrived = [];
  clients = [];
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(() => {
  for (const client of clients) client.destroy();
  crowds.close();
  server.close();
});

/** A client that asks at once for as much as it likes. */
async function client(calls: number) {
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.on("error", () => {});
  clients.push(session);
  await once(session, "remoteSettings");
  const before = arrived.length;
  const asked: ClientHttp2Stream[] = [];
  const ask = (more: number): void => {
    for (let call = 0; call < more; call++) {
      const request = session.request({ ":path": "/" });
      asked.push(request.on("error", () => {}).resume());
    }
  };
  ask(calls);
  await until(() => arrived.length === before + calls);
  const socket = arrived[before]?.session?.socket;
  return {
    peer: `${socket?.remoteAddress}:${socket?.remotePort}`,
    ask,
    /** Waits for so many of its calls no longer. */
    async givesUp(count: number): Promise<void> {
      const theirs = arrived.slice(before, before + calls);
      for (const request of asked.slice(0, count)) request.close(constants.NGHTTP2_CANCEL);
      await until(() => theirs.filter(({ closed }) => closed).length === count);
    },
    allowed: () => session.remoteSettings.maxConcurrentStreams ?? Number.NaN,
  };
}

const refuse = (peer: string, count: number, perSecond = 1_000): (() => void)[] =>
  Array.from({ length: count }, () => crowds.refused("flood", peer, perSecond));

it("of who is refused by the thousand fewer calls may be open, and the rest waits at its sender", async () => {
  const [flood, more] = [await client(900), await client(300)];
  refuse(flood.peer, 889);
  refuse(more.peer, 200);
  refuse(flood.peer, 1);
  // Ten that were not refused go on beside half of what the rate needs.
  await until(() => flood.allowed() === 10 + 32);
  flood.ask(100);
  for (const stream of arrived.slice(0, 868)) stream.respond({ ":status": 200 }, { endStream: true });
  await until(() => arrived.length === 1_210);
});

it("who gives its refused calls up before they are answered has few more", async () => {
  const [flood, more] = [await client(900), await client(300)];
  refuse(flood.peer, 899);
  await flood.givesUp(899);
  refuse(more.peer, 200);
  refuse(flood.peer, 1);
  await until(() => flood.allowed() === 32);
});

it("the more connections a flood comes from, the less each of them has", async () => {
  const floods = [await client(300), await client(300), await client(300), await client(300)];
  for (let round = 0; round < 300; round++) for (const { peer } of floods) refuse(peer, 1);
  await until(() => floods.every(({ allowed }) => allowed() < 80));
});

it("a larger rate has more room", async () => {
  const [flood, more] = [await client(900), await client(300)];
  refuse(flood.peer, 900, 10_000);
  refuse(more.peer, 300, 10_000);
  await until(() => more.allowed() === 299);
});

it("who has few refused is left alone, and so is who comes over another connection", async () => {
  const [greedy, modest, other] = [await client(990), await client(40), await client(1)];
  refuse(modest.peer, 30);
  refuse(greedy.peer, 970);
  refuse(modest.peer, 1);
  refuse(greedy.peer, 10);
  await until(() => greedy.allowed() < callsAtOnce);
  expect(modest.allowed()).toBe(callsAtOnce);
  expect(other.allowed()).toBe(callsAtOnce);
});

it("when nothing is refused any more, all is soon as before", async () => {
  const [flood, more] = [await client(900), await client(200)];
  const answered = [...refuse(flood.peer, 900), ...refuse(more.peer, 200)];
  await until(() => more.allowed() < 200);
  for (const done of answered) done();
  now = 1_001;
  await until(() => more.allowed() === callsAtOnce);
});
