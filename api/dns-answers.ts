import { isIPv4, isIPv6 } from "node:net";
import type { Answer } from "dns-packet";
import type { ProxyLease } from "../control/leases.ts";

/** A proxy that serves, as far as names are concerned. */
export type NamedProxy = Pick<ProxyLease, "address" | "region" | "shard" | "healthy" | "load">;

/** `unknown`: there is no such name; `elsewhere`: it is none of ours. */
export type Answered =
  | { readonly kind: "known"; readonly answers: readonly Answer[]; readonly additionals: readonly Answer[] }
  | { readonly kind: "unknown" | "elsewhere" };

// A proxy that has died leaves the answers with its lease; nobody should remember it much longer.
const ttlSeconds = 5;

/**
 * The names that discovery answers (`design.md` §8), from the proxies whose lease runs: all of them
 * under `prism.<domain>`, those of a region under `prism.<region>.<domain>`, and, where there are
 * several, those of a shard under `<shard>.prism.<domain>`. A and AAAA for proxies that advertise an IP
 * address, SRV for all, with a weight of what their load leaves of a hundred.
 */
export function answersTo(
  { name, type }: { readonly name: string; readonly type: string },
  proxies: readonly NamedProxy[],
  domain: string,
): Answered {
  const asked = name.toLowerCase().replace(/\.$/, "");
  if (asked === domain) return known([]);
  if (!asked.endsWith(`.${domain}`)) return { kind: "elsewhere" };
  const host = proxies.map(hostOf).find((ip) => hostName(ip, domain) === asked);
  if (host !== undefined) return known(addresses(asked, [host], type));
  const named = chosen(asked.slice(0, -domain.length - 1), proxies);
  if (named === undefined) return { kind: "unknown" };
  // Nobody comes back to who is sick before it is well.
  const sound = named.filter(({ healthy }) => healthy);
  if (type !== "SRV" && type !== "ANY") return known(addresses(asked, sound.map(hostOf), type));
  const services = sound.map(
    (proxy): Answer => ({ name, type: "SRV", ttl: ttlSeconds, data: service(proxy, domain) }),
  );
  const hosts = sound.flatMap((proxy) => addresses(hostName(hostOf(proxy), domain), [hostOf(proxy)], "ANY"));
  return known(services, hosts);
}

const known = (answers: readonly Answer[], additionals: readonly Answer[] = []): Answered => ({
  kind: "known",
  answers,
  additionals,
});

function chosen(label: string, proxies: readonly NamedProxy[]): readonly NamedProxy[] | undefined {
  if (label === "prism") return proxies;
  const [, region] = /^prism\.(.+)$/.exec(label) ?? [];
  const [, shard] = /^(.+)\.prism$/.exec(label) ?? [];
  const named = proxies.filter((proxy) => proxy.region.toLowerCase() === region || proxy.shard === shard);
  return named.length === 0 ? undefined : named;
}

const service = ({ address, load }: NamedProxy, domain: string) => ({
  priority: 0,
  weight: Math.max(1, 100 - load),
  port: Number(address.slice(address.lastIndexOf(":") + 1)),
  target: hostName(hostOf({ address }), domain),
});

const hostOf = ({ address }: Pick<NamedProxy, "address">): string =>
  address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");

/** SRV names its targets: an IP address gets a name of ours, a name has its own. */
const hostName = (host: string, domain: string): string =>
  isIPv4(host) || isIPv6(host)
    ? `ip-${host.toLowerCase().replace(/[.:]/g, "-")}.prism.${domain}`
    : host.toLowerCase();

function addresses(name: string, hosts: readonly string[], type: string): readonly Answer[] {
  return [...new Set(hosts)].flatMap((data): readonly Answer[] => {
    if (isIPv4(data) && (type === "A" || type === "ANY")) return [{ name, type: "A", ttl: ttlSeconds, data }];
    if (isIPv6(data) && (type === "AAAA" || type === "ANY"))
      return [{ name, type: "AAAA", ttl: ttlSeconds, data }];
    return [];
  });
}
