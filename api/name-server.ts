import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { type Answer, AUTHORITATIVE_ANSWER, type Packet, RECURSION_DESIRED } from "dns-packet";
import { inUse, type Leases } from "../control/leases.ts";
import type { Log } from "../runtime/log.ts";
import { answersTo, type NamedProxy } from "./dns-answers.ts";
import { dnsConversation } from "./dns-conversation.ts";
import { extension, fitting, onlyQuestion, roomOf, understood } from "./dns-messages.ts";

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
    const question = onlyQuestion(query);
    const { id = 0, flags: asked = 0 } = query;
    const flags = asked & RECURSION_DESIRED;
    if (question === undefined) return { type: "response", id, flags: flags | codes.malformed };
    const questions = [question];
    const head = { type: "response", id, questions, additionals: extension(query) } as const;
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
    // Who sends what cannot be answered, or from where none can be sent, gets none.
    reply(query)
      .then((answer) => datagrams.send(fitting(answer, roomOf(query)), from, address, () => {}))
      .catch((error) => log.debug({ error: String(error) }, "an answer could not be sent"));
  });
  datagrams.on("error", (error) => log.warn({ error: String(error) }, "names over UDP"));

  const streams = createServer((socket) => {
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    dnsConversation(socket, reply).catch(() => socket.destroy());
  });
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

function remembered(ask: () => Promise<readonly NamedProxy[]>): () => Promise<readonly NamedProxy[]> {
  let last: { readonly at: number; readonly proxies: Promise<readonly NamedProxy[]> } | undefined;
  return () => {
    if (last === undefined || performance.now() - last.at > rememberedMs)
      last = { at: performance.now(), proxies: ask() };
    return last.proxies;
  };
}
