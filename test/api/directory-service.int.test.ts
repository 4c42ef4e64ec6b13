import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ChannelCredentials, credentials, Server, status } from "@grpc/grpc-js";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DirectoryChange } from "../../api/directory-feed.ts";
import { directoryService } from "../../api/directory-service.ts";
import type { Renewal } from "../../control/leases.ts";
import {
  DirectoryService,
  WatchNamespacesRequestSchema,
  type WatchNamespacesResponse,
} from "../../proto/gen/prism/control/v1/control_pb.js";
import { grpcService } from "../../proto/grpc.ts";
import { forPeers, toPeer } from "../../runtime/mutual-tls.ts";
import type { Peer } from "../../runtime/peer.ts";
import { purge, temporaryInstance } from "../../stack/instance.ts";
import { identityOf } from "../proxy/identities.ts";
import { rawClient } from "../proxy/raw-client.ts";
import { until } from "../setup/until.ts";

// Also how long a proxy may take to put a version into force.
const leaseMs = 1_500;
const own: Peer = { role: "proxy", shard: "shard-1", id: "proxy-1" };
const renewed: Renewal[] = [];
const released: (readonly [proxy: string, renewal: string])[] = [];
let current = 7n;
let counted = true;
// The service's clock: no time passes but what a test lets pass.
let nowMs = 0;
let announce: (change: DirectoryChange) => void = () => {};
let server: Server;
let address: string;

/** The service as the API runs it, over a directory of nothing and leases that are remembered here. */
beforeAll(async () => {
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  server = new Server();
  const feed = {
    snapshot: async () => ({ version: 7n, upTo: 7n, rows: [] }),
    version: async () => current,
    listen: (_: string, listener: (change: DirectoryChange) => void) => {
      announce = listener;
      return () => {};
    },
    run: async () => {},
  };
  const leases = {
    async renew(renewal: Renewal) {
      renewed.push(renewal);
      return { counted, draining: false, renewal: `renewal ${renewed.length}` };
    },
    release: async (...which: [string, string]) => void released.push(which),
    resume: async () => {},
    live: async () => [],
    evict: async () => true,
    drain: async () => "same" as const,
    known: async () => [],
    mayServe: async () => [],
  };
  const service = directoryService({
    feed,
    leases,
    leaseMs,
    staleMs: 900_000,
    log: pino({ level: "silent" }),
  });
  server.addService(grpcService(DirectoryService), service);
  const identity = await identityOf({ role: "control", name: "api" });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", forPeers(identity), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  address = `127.0.0.1:${port}`;
});
afterAll(() => {
  server.forceShutdown();
  vi.restoreAllMocks();
});

const shown = async (peer: Peer): Promise<ChannelCredentials> =>
  toPeer(await identityOf(peer), ({ role } = own) => role === "control");

/** A stream as a proxy opens it; `ended` says how it ended. */
function watching(channel: ChannelCredentials, entries: Record<string, string> = {}) {
  const client = rawClient(address, entries, channel);
  const call = client.stream<WatchNamespacesResponse>(DirectoryService.method.watchNamespaces);
  const heard: WatchNamespacesResponse["response"][] = [];
  call.on("data", ({ response }: WatchNamespacesResponse) => heard.push(response));
  call.on("error", () => {});
  const ended = new Promise<{ code: number; details: string }>((resolve) => call.once("status", resolve));
  const say = (request: NonNullable<MessageInitShape<typeof WatchNamespacesRequestSchema>["request"]>) =>
    call.write(create(WatchNamespacesRequestSchema, { request }));
  const hello = (proxy: string, shard = "shard-1") =>
    say({ case: "hello", value: { proxy, shard, address: "127.0.0.1:1", probeAddress: "127.0.0.1:2" } });
  const ended1 = ended.finally(() => client.close());
  return { heard, say, hello, ended: ended1, end: () => call.end() };
}

describe("the port of the control plane", () => {
  it("gives a proxy the directory, a lease for each status, and takes its goodbye", async () => {
    const { heard, hello, say, ended, end } = watching(await shown(own));
    hello("proxy-1");
    await until(() => heard.length === 1);
    expect(heard[0]).toMatchObject({ case: "snapshot", value: { version: 7n } });
    say({ case: "status", value: { appliedVersion: 7n, healthy: true, inFlight: { leaving: 3 } } });
    await until(() => heard.length === 2);
    expect(heard[1]).toMatchObject({ case: "lease", value: { durationMs: leaseMs } });
    expect(renewed.at(-1)).toMatchObject({
      proxy: "proxy-1",
      probeAddress: "127.0.0.1:2",
      appliedVersion: 7n,
      inFlight: { leaving: 3 },
    });
    say({ case: "goodbye", value: {} });
    end();
    expect(await ended).toMatchObject({ code: status.OK });
    expect(released).toEqual([["proxy-1", "renewal 1"]]);
  });

  it("keeps the lease of a proxy whose stream ends without a goodbye: it may go on serving", async () => {
    const before = released.length;
    const { heard, hello, ended, end } = watching(await shown(own));
    hello("proxy-1");
    await until(() => heard.length === 1);
    end();
    expect(await ended).toMatchObject({ code: status.OK });
    expect(released).toHaveLength(before);
  });

  it("is closed to a peer without certificate, also with a user's token", async () => {
    const { ca } = await identityOf(own);
    for (const channel of [
      credentials.createInsecure(),
      credentials.createSsl(ca, undefined, undefined, { checkServerIdentity: () => undefined }),
    ]) {
      const { hello, ended } = watching(channel, { authorization: "Bearer owner" });
      hello("proxy-1");
      expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    }
  });

  it("is closed to a certificate of another CA", async () => {
    const elsewhere = temporaryInstance();
    const { cert, key } = await identityOf(own, elsewhere);
    const { ca } = await identityOf(own);
    const { hello, ended } = watching(toPeer({ ca, cert, key }, () => true));
    hello("proxy-1");
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    purge(elsewhere);
  });

  it("refuses a proxy that says it is another, of another shard, or the control plane itself", async () => {
    const before = renewed.length;
    for (const { peer, proxy, shard } of [
      { peer: own, proxy: "proxy-2", shard: "shard-1" },
      { peer: own, proxy: "proxy-1", shard: "shard-2" },
      { peer: { role: "control", name: "api" } as const, proxy: "proxy-1", shard: "shard-1" },
    ]) {
      const { hello, say, ended } = watching(await shown(peer));
      hello(proxy, shard);
      say({ case: "status", value: { appliedVersion: 7n } });
      const { code, details } = await ended;
      expect([code, details]).toEqual([
        status.PERMISSION_DENIED,
        expect.stringMatching(/^this certificate is of /),
      ]);
    }
    expect([renewed.length, released.length]).toEqual([before, 1]);
  });

  it("is not believed by a proxy when it is another proxy that listens there", async () => {
    const other: Peer = { role: "proxy", shard: "shard-1", id: "proxy-9" };
    const expecting = toPeer(await identityOf(own), (peer) => JSON.stringify(peer) === JSON.stringify(other));
    const { hello, ended } = watching(expecting);
    hello("proxy-1");
    expect((await ended).details).toContain("the other side is control/api");
  });
});

describe("a proxy that nobody has waited for", () => {
  it("gets a lease once it has in force what has changed meanwhile", async () => {
    const { heard, hello, say, end, ended } = watching(await shown(own));
    [current, counted] = [8n, false];
    hello("proxy-1");
    await until(() => heard.length === 1);
    say({ case: "status", value: { appliedVersion: 7n } });
    await until(() => heard.length === 2);
    counted = true;
    say({ case: "status", value: { appliedVersion: 7n } });
    say({ case: "status", value: { appliedVersion: 8n } });
    await until(() => heard.length === 4);
    expect(heard.slice(1).map(({ value }) => value)).toMatchObject([
      { durationMs: 0 },
      { durationMs: 0 },
      { durationMs: leaseMs },
    ]);
    end();
    await ended;
  });
});

describe("a proxy that nobody has waited for, and whose shard a namespace has just left", () => {
  it("gets a lease once it has that in force, which no entry of its shard tells any more", async () => {
    const { heard, hello, say, end, ended } = watching(await shown(own));
    [current, counted] = [7n, false];
    hello("proxy-1");
    await until(() => heard.length === 1);
    announce({ version: 9n, row: { namespace: "orders", serving: "none" } as DirectoryChange["row"] });
    await until(() => heard.length === 2);
    say({ case: "status", value: { appliedVersion: 7n } });
    await until(() => heard.length === 3);
    counted = true;
    say({ case: "status", value: { appliedVersion: 9n } });
    await until(() => heard.length === 4);
    expect(heard.slice(2).map(({ value }) => value)).toMatchObject([
      { durationMs: 0 },
      { durationMs: leaseMs },
    ]);
    end();
    await ended;
  });
});

describe("a proxy that does not put a version into force", () => {
  it("gets no lease after one has passed, and has to begin with a new snapshot", async () => {
    const { heard, hello, say, ended } = watching(await shown(own));
    hello("proxy-1");
    await until(() => heard.length === 1);
    say({ case: "status", value: { appliedVersion: 7n } });
    await until(() => heard.length === 2);
    announce({ version: 8n, row: { namespace: "orders", serving: "none" } as DirectoryChange["row"] });
    await until(() => heard.length === 3);
    say({ case: "status", value: { appliedVersion: 7n } });
    await until(() => heard.length === 4);
    nowMs += leaseMs + 1;
    const before = renewed.length;
    say({ case: "status", value: { appliedVersion: 7n } });
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    expect(renewed).toHaveLength(before);
  });
});
