import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { type Answer, decode, encode, type Packet, streamDecode, TRUNCATED_RESPONSE } from "dns-packet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NamedProxy } from "../../api/dns-answers.ts";
import { type NameServer, nameServer } from "../../api/name-server.ts";
import type { Leases } from "../../control/leases.ts";
import { log } from "../../runtime/log.ts";

const proxy = (host: string, more: Partial<NamedProxy> = {}): NamedProxy => ({
  address: `${host}:8980`,
  region: "eu",
  shard: "shard-1",
  healthy: true,
  load: 0,
  ...more,
});
/** Those whose lease runs; a region with more than fit into a datagram, and one with more than into any. */
const many = (region: string, count: number) =>
  Array.from({ length: count }, (_, at) =>
    proxy(`10.${1 + Math.floor(at / 250)}.${region.length}.${at % 250}`, { region }),
  );
const live = [
  proxy("10.0.0.1"),
  proxy("[fd00::2]"),
  proxy("10.0.0.9", { healthy: false }),
  ...many("some", 25),
  ...many("plenty", 200),
  ...many("excessive", 1_000),
];
const edns: Answer = {
  ...{ type: "OPT", name: ".", udpPayloadSize: 4_096, extendedRcode: 0, ednsVersion: 0 },
  ...{ flags: 0, flag_do: false, options: [] },
};

let server: NameServer;
beforeAll(async () => {
  const leases = { live: async () => live } as unknown as Pick<Leases, "live">;
  server = await nameServer({ host: "127.0.0.1", port: 0, domain: "example.com", leases, log: log("api") });
});
afterAll(() => server?.close());

type Type = "A" | "AAAA" | "SRV" | "TXT";
const query = (name: string, type: Type, additionals: Answer[] = []): Packet => ({
  ...{ type: "query", id: 77, flags: 0x100, additionals },
  questions: [{ name, type }],
});

async function overUdp(name: string, type: Type, additionals?: Answer[]) {
  const socket = createSocket("udp4");
  socket.send(encode(query(name, type, additionals)), server.port, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return { ...decode(answer), bytes: answer.byteLength };
}

const overTcp = (name: string, type: Type) => answeredOverTcp(encode(query(name, type)));

async function answeredOverTcp(message: Buffer) {
  const socket = connect(server.port, "127.0.0.1");
  socket.write(withLength(message));
  let heard = Buffer.alloc(0);
  for await (const part of socket) {
    heard = Buffer.concat([heard, part as Buffer]);
    if (heard.byteLength >= 2 && heard.byteLength >= 2 + heard.readUInt16BE(0)) break;
  }
  return streamDecode(heard);
}
const withLength = (message: Buffer) =>
  Buffer.concat([Buffer.from([message.byteLength >> 8, message.byteLength & 255]), message]);

/** One question with the longest name there can be, and so many more that point to it: 6 bytes each. */
function manyQuestions(more: number): Buffer {
  const head = Buffer.from([0, 77, 1, 0, (more + 1) >> 8, (more + 1) & 255, 0, 0, 0, 0, 0, 0]);
  const label = (length: number) => Buffer.concat([Buffer.from([length]), Buffer.alloc(length, "a")]);
  const name = Buffer.concat([...[63, 63, 63, 61].map(label), Buffer.from([0])]);
  const type = Buffer.from([0, 1, 0, 1]);
  const pointers = Array.from({ length: more }, () => Buffer.concat([Buffer.from([0xc0, 12]), type]));
  return Buffer.concat([head, name, type, ...pointers]);
}
const code = ({ flags = 0 }: Packet) => flags & 15;
const types = (records: readonly Answer[] = []) => records.map(({ type }) => type);

describe("the name server", () => {
  it("answers A and AAAA of those that are well and hold a lease, for five seconds, whatever the case", async () => {
    const own = (await overUdp("PRISM.eu.Example.com", "A")).answers;
    expect(own).toMatchObject([{ name: "prism.eu.example.com", type: "A", ttl: 5, data: "10.0.0.1" }]);
    const six = (await overUdp("prism.EU.example.com", "AAAA")).answers;
    expect(six).toMatchObject([{ type: "AAAA", ttl: 5, data: "fd00::2" }]);
  });

  it("says that there is nothing of a type, that there is no name, and for how short that may be remembered", async () => {
    const soa = { type: "SOA", name: "example.com", ttl: 1, data: { minimum: 1 } };
    for (const name of ["prism.eu.example.com", "example.com"]) {
      const none = await overUdp(name, "TXT");
      expect([code(none), none.answers, none.authorities]).toMatchObject([0, [], [soa]]);
    }
    const unknown = await overUdp("prism.nowhere.example.com", "A");
    expect([code(unknown), unknown.authorities]).toMatchObject([3, [soa]]);
    const elsewhere = await overUdp("prism.example.org", "A");
    expect([code(elsewhere), elsewhere.authorities]).toEqual([5, []]);
  });

  it("lets who asks for more than a datagram holds ask again over TCP", async () => {
    const cut = await overUdp("prism.some.example.com", "SRV");
    expect(cut.bytes).toBeLessThanOrEqual(512);
    expect([(cut.flags ?? 0) & TRUNCATED_RESPONSE, cut.answers]).toEqual([TRUNCATED_RESPONSE, []]);
    const whole = await overTcp("prism.some.example.com", "SRV");
    expect([(whole.flags ?? 0) & TRUNCATED_RESPONSE, whole.answers?.length]).toEqual([0, 25]);
    expect(whole.answers?.[0]).toMatchObject({ ttl: 5, data: { port: 8980, weight: 100 } });
  });

  it("answers in EDNS who asks in it, with as much as a network carries whole", async () => {
    const some = await overUdp("prism.some.example.com", "A", [edns]);
    expect([some.answers?.length, types(some.additionals)]).toEqual([25, ["OPT"]]);
    expect(some.bytes).toBeGreaterThan(512);
    const plenty = await overUdp("prism.plenty.example.com", "A", [edns]);
    expect(plenty.bytes).toBeLessThanOrEqual(1_232);
    expect([(plenty.flags ?? 0) & TRUNCATED_RESPONSE, types(plenty.additionals)]).toEqual([
      TRUNCATED_RESPONSE,
      ["OPT"],
    ]);
    const plain = await overUdp("prism.eu.example.com", "A");
    expect(types(plain.additionals)).not.toContain("OPT");
  });

  it("refuses more than one question at once, repeats none of them, and goes on", async () => {
    const refused = await answeredOverTcp(manyQuestions(260));
    expect([refused && code(refused), refused?.questions]).toEqual([1, []]);
    const socket = createSocket("udp4");
    socket.send(manyQuestions(200), server.port, "127.0.0.1");
    const [answer] = (await once(socket, "message")) as [Buffer];
    socket.close();
    expect([code(decode(answer)), answer.byteLength]).toEqual([1, 12]);
    expect((await overTcp("prism.eu.example.com", "A"))?.answers).toHaveLength(1);
  });

  it("answers what no message holds with nothing, and says that it is cut", async () => {
    const cut = await overTcp("prism.excessive.example.com", "SRV");
    expect([(cut?.flags ?? 0) & TRUNCATED_RESPONSE, cut?.answers]).toEqual([TRUNCATED_RESPONSE, []]);
  });
});
