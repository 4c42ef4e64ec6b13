import type { Endpoint } from "./endpoint.ts";

export type Wanted = {
  /** Where the caller is: proxies elsewhere are asked only where there is none here. */
  readonly region?: string | undefined;
  /** What has one key goes to one proxy as long as it is there. */
  readonly key?: string | undefined;
  /** Those that have just failed. */
  readonly avoided: (address: string) => boolean;
};

// Also the busiest is asked now and then: what is told of it is seconds old.
const leastWeight = 5;

/**
 * Who is asked next: one that is sound, in the caller's region if there is one, and the less it
 * has to do, the more often. `undefined`: there is none at all.
 */
export function choose(
  endpoints: readonly Endpoint[],
  { region, key, avoided }: Wanted,
  random: () => number = Math.random,
): string | undefined {
  const healthy = preferred(endpoints, ({ healthy: sound = true }) => sound);
  const sound = preferred(healthy, ({ address }) => !avoided(address));
  const near = region === undefined ? sound : preferred(sound, (one) => one.region === region);
  return key === undefined ? byLoad(near, random) : byKey(near, key);
}

/** Those that are so; where none is, all. */
function preferred(endpoints: readonly Endpoint[], isSo: (endpoint: Endpoint) => boolean) {
  const found = endpoints.filter(isSo);
  return found.length > 0 ? found : endpoints;
}

function byLoad(endpoints: readonly Endpoint[], random: () => number): string | undefined {
  const weights = endpoints.map(({ load = 0 }) => Math.max(leastWeight, 100 - load));
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const at = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return endpoints.at(at)?.address;
}

/** The best draw wins: when a proxy goes, only its own keys go elsewhere. */
function byKey(endpoints: readonly Endpoint[], key: string): string | undefined {
  let best: { readonly address: string; readonly draw: number } | undefined;
  for (const { address } of endpoints) {
    const draw = hashOf(`${address} ${key}`);
    if (best === undefined || draw > best.draw) best = { address, draw };
  }
  return best?.address;
}

/** FNV-1a, and its bits mixed: the same in every process. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
