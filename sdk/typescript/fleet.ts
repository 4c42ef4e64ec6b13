import { bodyOf, type ControlOptions, call } from "./rest.ts";

/** A group of proxies that serve the same namespaces. */
export type Shard = {
  readonly shard: string;
  readonly weight: number;
  readonly dedicated: boolean;
  readonly state: string;
  readonly holder: string | null;
  readonly proxies: readonly string[];
};

export type ProxyStatus = {
  readonly proxy: string;
  readonly shard: string;
  readonly address: string;
  readonly region: string;
  /** live, draining, drained (nothing is under way there), silent (it may serve on what it last heard) or evicted. */
  readonly state: string;
  /** While it drains: calls and leaderships that are not over. */
  readonly under_way: number | null;
  readonly health: string;
  readonly load: number;
  readonly lease_until: string;
  readonly applied_version: string;
};

type All<Item> = { readonly items: readonly Item[]; readonly next_cursor: string | null };

/** What serves; for the platform team, and to look at for auditors. */
export function fleet(options: ControlOptions) {
  const one = encodeURIComponent;
  const tell = <T>(method: "PUT" | "POST", path: string, body: object): Promise<T> =>
    call<T>(options, method, path, { ...bodyOf(body), headers: {} });

  return {
    shards: {
      list: () => call<All<Shard>>(options, "GET", "/shards"),
      /** What is left out stays as it is; a new one weighs 1 and is shared. One that was drained is in use again. */
      define: (shard: string, wish: { weight?: number; dedicated?: boolean } = {}) =>
        tell<Shard>("PUT", `/shards/${one(shard)}`, wish),
      /** No namespace is placed there any more. */
      drain: (shard: string) => tell<Shard>("POST", `/shards/${one(shard)}/drain`, {}),
    },
    proxies: {
      list: () => call<All<ProxyStatus>>(options, "GET", "/proxies"),
      /** It takes nothing new, and has done with what is under way; `drained` when nothing is left. */
      drain: (proxy: string) => tell<ProxyStatus>("POST", `/proxies/${one(proxy)}/drain`, {}),
      /** One that was drained is in use again. */
      resume: (proxy: string) => tell<ProxyStatus>("POST", `/proxies/${one(proxy)}/resume`, {}),
      /** Your word that it is dead and serves nothing: nobody waits for its acknowledgements any longer. */
      evict: (proxy: string, reason: string) =>
        tell<ProxyStatus>("POST", `/proxies/${one(proxy)}/evict`, { reason }),
    },
  };
}
