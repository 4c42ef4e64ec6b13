import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_DESIRED,
  streamEncode,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import { inUse, type Leases } from "../control/leases.ts";
import type { Log } from "../runtime/log.ts";
import { answersTo, type NamedProxy } from "./dns-answers.ts";

export type NameServerOptions = {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Without a dot at its ends: `example.com` for `prism.example.com`. */
  readonly domain: string;
  readonly leases: Pick<Leases, "live">;
  readonly log: Log;
};

export interface NameServer {
  readonly port: number;
  close(): Promise<void>;
}

// How much a datagram may hold (RFC 1035); more where the question says so, but never what a network would cut.
const plainBytes = 512;
const mostBytes = 1_232;
const idleMs = 5_000;
const mostConnections = 100;
// However often it is asked, the database is asked once a second.
const rememberedMs = 1_000;
// A proxy that comes back should be found at once: that there is nobody is remembered no longer than a look is.
const nothingSeconds = 1;
const codes = { known: 0, malformed: 1, failed: 2, unknown: 3, elsewhere: 5 } as const;

/** Discovery by DNS, over UDP and TCP: what leases say, as names. It knows its own names and asks nobody. */
export async function nameServer({
  host,
  port,
  domain,
  leases,
  log,
}: NameServerOptions): Promise<NameServer> {
  const proxies = remembered(async () => inUse(await leases.live()));

  const reply = async (query: Packet): Promise<Packet> => {
    const [question] = query.questions ?? [];
    const { id = 0, questions = [], flags: asked = 0 } = query;
    const flags = asked & RECURSION_DESIRED;
    const head = { type: "response", id, questions, additionals: extension(query) } as const;
    if (question === undefined) return { ...head, flags: flags | codes.malformed };
    try {
      const answered = answersTo(question, await proxies(), domain.toLowerCase());
      if (answered.kind === "elsewhere") return { ...head, flags: flags | codes.elsewhere };
      const told = { ...head, flags: flags | AUTHORITATIVE_ANSWER | codes[answered.kind] };
      const { answers, additionals } =
        answered.kind === "known" ? answered : { answers: [], additionals: [] };
      if (answers.length === 0) return { ...told, authorities: [nothing(domain)] };
      return { ...told, answers: [...answers], additionals: [...additionals, ...extension(query)] };
    } catch (error) {
      log.warn({ error: String(error) }, "a name could not be answered");
      return { ...head, flags: flags | codes.failed };
    }
  };

  const datagrams = createSocket(host.includes(":") ? "udp6" : "udp4");
  datagrams.on("message", (message, { address, port: from }) => {
    const query = understood(message);
    if (query === undefined) return;
    void reply(query).then((answer) =>
      datagrams.send(fitting(answer, roomOf(query)), from, address, () => {}),
    );
  });
  datagrams.on("error", (error) => log.warn({ error: String(error) }, "names over UDP"));

  const streams = createServer((socket) => conversation(socket, reply));
  streams.maxConnections = mostConnections;
  streams.on("error", (error) => log.warn({ error: String(error) }, "names over TCP"));
  const bound = await new Promise<number>((resolve, reject) => {
    streams.once("error", reject);
    streams.listen(port, host, () => resolve((streams.address() as { port: number }).port));
  });
  await new Promise<void>((resolve, reject) => {
    datagrams.once("error", reject);
    datagrams.bind(bound, host, resolve);
  });

  return {
    port: bound,
    async close() {
      await Promise.all([
        new Promise<void>((resolve) => datagrams.close(() => resolve())),
        new Promise<void>((resolve) => streams.close(() => resolve())),
      ]);
    },
  };
}

/** Says for how long it may be remembered that there is no such name, or nothing of that type (RFC 2308). */
const nothing = (domain: string): Answer => ({
  name: domain,
  type: "SOA",
  ttl: nothingSeconds,
  data: {
    ...{ mname: `prism.${domain}`, rname: `hostmaster.${domain}`, serial: 1 },
    ...{ refresh: 60, retry: 10, expire: 60, minimum: nothingSeconds },
  },
});

const asksWith = ({ additionals = [] }: Packet): Answer | undefined =>
  additionals.find(({ type }) => type === "OPT");

/** Who speaks EDNS is answered in it. */
const extension = (query: Packet): Answer[] =>
  asksWith(query) === undefined
    ? []
    : [
        {
          name: ".",
          type: "OPT",
          udpPayloadSize: mostBytes,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ];

function understood(message: Buffer): Packet | undefined {
  try {
    const packet = decode(message);
    return packet.type === "query" && (packet.questions?.length ?? 0) > 0 ? packet : undefined;
  } catch {
    return undefined;
  }
}

/** How much whoever asks can take in one datagram. */
function roomOf(query: Packet): number {
  const asked = asksWith(query);
  const room = asked !== undefined && "udpPayloadSize" in asked ? asked.udpPayloadSize : plainBytes;
  return Math.min(mostBytes, Math.max(plainBytes, room));
}

/** What does not fit is asked again over TCP. */
function fitting(answer: Packet, room: number): Buffer {
  const whole = encode(answer);
  if (whole.byteLength <= room) return whole;
  const additionals = (answer.additionals ?? []).filter(({ type }) => type === "OPT");
  const bare = encode({ ...answer, additionals });
  if (bare.byteLength <= room) return bare;
  return encode({ ...answer, flags: (answer.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], additionals });
}

/** Questions with their length before them, one after the other. */
function conversation(socket: Socket, reply: (query: Packet) => Promise<Packet>): void {
  let heard: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (part) => {
    heard = Buffer.concat([heard, part]);
    while (heard.byteLength >= 2 && heard.byteLength >= 2 + heard.readUInt16BE(0)) {
      const end = 2 + heard.readUInt16BE(0);
      const query = understood(heard.subarray(2, end));
      heard = heard.subarray(end);
      if (query === undefined) return void socket.destroy();
      void reply(query).then((answer) => socket.writable && socket.write(streamEncode(answer)));
    }
  });
}

function remembered(ask: () => Promise<readonly NamedProxy[]>): () => Promise<readonly NamedProxy[]> {
  let last: { readonly at: number; readonly proxies: Promise<readonly NamedProxy[]> } | undefined;
  return () => {
    if (last === undefined || performance.now() - last.at > rememberedMs)
      last = { at: performance.now(), proxies: ask() };
    return last.proxies;
  };
}
