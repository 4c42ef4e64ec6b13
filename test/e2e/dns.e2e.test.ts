import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
import { decode, encode, type Packet, streamDecode, streamEncode } from "dns-packet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prism as sdk } from "../../sdk/typescript/prism.ts";
import { freePort } from "../../stack/ports.ts";
import { soaking } from "../eventstore/soaking.ts";
import { moreProxies, type RunningProxy } from "../setup/more-proxies.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until as soon } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

// Processes start and stop here, on a machine that may be busy.
const until = (isSo: Parameters<typeof soon>[0]) => soon(isSo, 110_000);

let prism: TestPrism;
let proxies: ReturnType<typeof moreProxies>;
let port: number;
let eu: RunningProxy;
let us: RunningProxy;
const resolver = new Resolver({ timeout: 2_000 });
beforeAll(async () => {
  port = await freePort();
  const environment = { PRISM_DNS_PORT: String(port), PRISM_DNS_DOMAIN: "example.com" };
  prism = await testPrism({ names: ["api", "worker"], environment });
  proxies = moreProxies(prism);
  resolver.setServers([`127.0.0.1:${port}`]);
  [eu, us] = await Promise.all([
    proxies.start("eu", { PRISM_REGION: "eu" }),
    proxies.start("us", { PRISM_REGION: "us" }),
  ]);
  await until(async () => (await services("prism.example.com")).length === 2);
});
afterAll(async () => {
  await proxies?.close();
  await prism?.close();
});

const services = async (name: string): Promise<readonly number[]> =>
  (await resolver.resolveSrv(name).catch(() => [])).map((service) => service.port).sort();
/** How many requests of the namespace it has answered. */
async function served({ operator }: RunningProxy, namespace: string): Promise<number> {
  const text = await (await fetch(`http://${operator}/metrics`)).text();
  const counted = text.match(
    new RegExp(`^prism_namespace_requests_total{namespace="${namespace}"} (\\d+)`, "m"),
  );
  return Number(counted?.[1] ?? 0);
}
const portOf = ({ address }: RunningProxy): number => Number(address.split(":")[1]);

describe("discovery by DNS", () => {
  it("answers who serves, everywhere and in a region", async () => {
    expect(await resolver.resolve4("prism.example.com", { ttl: true })).toEqual([
      { address: "127.0.0.1", ttl: 5 },
    ]);
    expect(await services("prism.example.com")).toEqual([portOf(eu), portOf(us)].sort());
    expect(await services("prism.eu.example.com")).toEqual([portOf(eu)]);
    await expect(resolver.resolve6("prism.example.com")).rejects.toMatchObject({ code: "ENODATA" });
    await expect(resolver.resolve4("prism.asia.example.com")).rejects.toMatchObject({ code: "ENOTFOUND" });
    await expect(resolver.resolve4("prism.example.org")).rejects.toMatchObject({ code: "EREFUSED" });
  });

  it("answers over TCP what it answers over UDP", async () => {
    const questions: Packet["questions"] = [{ type: "SRV", name: "prism.example.com" }];
    const query: Packet = { type: "query", id: 7, questions };
    const overTcp = await new Promise<Buffer>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(streamEncode(query)));
      socket.once("error", reject);
      socket.once("data", (answer) => {
        socket.destroy();
        resolve(answer);
      });
    });
    const overUdp = await new Promise<Buffer>((resolve, reject) => {
      const socket = createSocket("udp4");
      socket.once("error", reject);
      socket.once("message", (answer) => {
        socket.close();
        resolve(answer);
      });
      socket.send(encode(query), port, "127.0.0.1");
    });
    const [tcp, udp] = [streamDecode(overTcp), decode(overUdp)];
    expect(tcp.answers).toHaveLength(2);
    expect([udp.id, udp.questions]).toEqual([tcp.id, tcp.questions]);
  });

  // `prism doctor` names it; what it asks is asked without it in `npm test`, here and in `name-server.int.test.ts`.
  if (soaking)
    it("is understood by dig, over UDP and TCP, with and without EDNS", () => {
      expect(dig("+short", "SRV", "prism.us.example.com")).toContain(
        ` ${portOf(us)} ip-127-0-0-1.prism.example.com.`,
      );
      for (const how of ["+notcp", "+tcp", "+noedns", "+bufsize=1232"]) {
        expect(dig(how, "A", "PRISM.example.com")).toMatch(/status: NOERROR.*\s5\s+IN\s+A\s+127\.0\.0\.1/s);
        expect(dig(how, "AAAA", "prism.example.com")).toMatch(/status: NOERROR.*ANSWER: 0.*IN\s+SOA/s);
        expect(dig(how, "A", "prism.asia.example.com")).toMatch(/status: NXDOMAIN.*IN\s+SOA/s);
        expect(dig(how, "A", "prism.example.org")).toContain("status: REFUSED");
      }
      expect(dig("A", "prism.example.com")).not.toContain("WARNING: Message parser");
    });

  it("leads the SDK to proxies, by dns://", async () => {
    const namespace = prism.name("named");
    await (await prism.control(member)).namespaces.create(queueRequest(namespace), { waitSeconds: 60 });
    const discovery = `dns://127.0.0.1:${port}/prism.us.example.com`;
    const client = sdk({ namespace, discovery, token: await prism.token(member) });
    expect(await client.queue.publish("t", 1)).toMatchObject({ messageId: expect.any(String) });
    client.close();
  });

  it("is what endpoints say too, where the SDK follows those of its region", async () => {
    const namespace = prism.name("near");
    const alice = await prism.control(member);
    await alice.namespaces.create(queueRequest(namespace), { waitSeconds: 60 });
    const both = async () => (await alice.namespaces.endpoints(namespace)).endpoints;
    await until(async () => (await both()).length === 2);
    const said = { health: "healthy", load: expect.any(Number) };
    expect(await both()).toEqual(
      expect.arrayContaining([
        { address: eu.address, region: "eu", ...said },
        { address: us.address, region: "us", ...said },
      ]),
    );
    const [discovery, token] = [prism.api.replace(/^http/, "api"), await prism.token(member)];
    const client = sdk({ namespace, discovery, region: "us", token });
    const before = await served(eu, namespace);
    for (let at = 0; at < 20; at++) await client.queue.publish("t", at);
    client.close();
    expect(await served(us, namespace)).toBeGreaterThanOrEqual(20);
    expect(await served(eu, namespace)).toBe(before);
  });

  it("forgets a proxy that leaves, and one that dies with its lease", async () => {
    await eu.kill("SIGTERM");
    await until(async () => (await services("prism.example.com")).join() === String(portOf(us)));
    await us.kill("SIGKILL");
    await until(async () => (await services("prism.example.com")).length === 0);
  });
});

const dig = (...args: readonly string[]): string =>
  execFileSync("dig", ["@127.0.0.1", "-p", String(port), ...args], { encoding: "utf8" });
