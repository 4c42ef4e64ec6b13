import { dnsDiscovery } from "./dns-discovery.ts";
import type { Discovery, Endpoint } from "./endpoint.ts";
import { PrismError } from "./errors.ts";
import { refusalOf } from "./refusal.ts";

const timeoutMs = 5_000;

/**
 * `api://host:port`, or the control plane's URL: it is asked for the namespace's endpoints. `dns://…`: names are
 * looked up.
 */
export function discovery(address: string, namespace: string): Discovery {
  const api = apiOf(address);
  if (address.startsWith("dns://")) return dnsDiscovery(address);
  if (api === undefined) {
    throw new PrismError("INVALID_CONFIGURATION", `'${address}' is no way to find proxies`, {
      details: {
        field: "discovery",
        supported_values: ["api://host:port", "https://host", "dns://name", "dns://server:port/name"],
      },
    });
  }
  return async (token) => {
    const url = `${api}/api/v1/namespaces/${encodeURIComponent(namespace)}/endpoints`;
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new PrismError("BACKEND_UNAVAILABLE", `no answer from the control plane at ${api}`, { cause });
    });
    if (!answer.ok) throw refusalOf(await answer.text(), answer.status, api);
    const body = (await answer.json().catch(() => ({}))) as Answer;
    return (body.endpoints ?? []).map(({ health, ...endpoint }) => ({
      ...endpoint,
      healthy: health !== "unhealthy",
    }));
  };
}

/** The control plane's URL, where the discovery address names one. */
export const apiOf = (address: string | undefined): string | undefined =>
  address !== undefined && /^(api|https?):\/\//.test(address)
    ? address.replace(/^api:/, "http:").replace(/\/+$/, "")
    : undefined;

type Answer = {
  readonly endpoints?: readonly (Omit<Endpoint, "healthy"> & { readonly health?: string })[];
};
