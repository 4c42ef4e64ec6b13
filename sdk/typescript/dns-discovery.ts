import type { SrvRecord } from "node:dns";
import { Resolver } from "node:dns/promises";
import type { Discovery, Endpoint } from "./endpoint.ts";
import { PrismError } from "./errors.ts";

const timeoutMs = 2_000;
const tries = 2;

/**
 * `dns://prism.example.com`, by the system's resolver, or `dns://server:port/prism.example.com`, where
 * that server is asked itself. SRV says host, port and load. Who asks for `prism.<region>.<domain>`
 * gets the proxies of that region alone.
 */
export function dnsDiscovery(address: string): Discovery {
  const { server, name } = placesOf(address);
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (server !== undefined) resolver.setServers([server]);
  return async () => {
    const records = await resolver.resolveSrv(name).catch((cause: unknown) => {
      throw new PrismError("BACKEND_UNAVAILABLE", `no answer from DNS about '${name}'`, { cause });
    });
    return Promise.all(records.map((record) => endpointOf(resolver, record)));
  };
}

function placesOf(address: string): { readonly server: string | undefined; readonly name: string } {
  const [first = "", second] = address.slice("dns://".length).split("/");
  const name = second ?? first;
  if (name !== "") return { server: second === undefined ? undefined : first, name };
  throw new PrismError("INVALID_CONFIGURATION", `'${address}' names nothing to ask DNS for`, {
    details: { field: "discovery", recommendation: "dns://prism.example.com" },
  });
}

/** By its address, so that the names that go with it need no other resolver to know them. */
async function endpointOf(resolver: Resolver, { name, port, weight }: SrvRecord): Promise<Endpoint> {
  const load = 100 - Math.min(100, weight);
  const [v4] = await resolver.resolve4(name).catch(() => []);
  if (v4 !== undefined) return { address: `${v4}:${port}`, load };
  const [v6] = await resolver.resolve6(name).catch(() => []);
  return { address: v6 === undefined ? `${name}:${port}` : `[${v6}]:${port}`, load };
}
