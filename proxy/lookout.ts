export interface Lookout {
  /** Tells every round whether the namespace's log is behind, until what it answers is called. */
  watch(namespace: string, glimpse: (behind: boolean) => void): () => void;
  close(): Promise<void>;
}

/**
 * Looks for what other proxies have added to logs: one look for all of a proxy's namespaces, so that
 * those at rest cost nothing. A look that fails tells nobody anything: whoever publishes or relays is told.
 */
export function lookout(
  behind: () => Promise<ReadonlySet<string>>,
  { everyMs }: { readonly everyMs: number },
): Lookout {
  const watchers = new Map<object, { namespace: string; glimpse: (behind: boolean) => void }>();
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    try {
      const found = await behind();
      for (const { namespace, glimpse } of [...watchers.values()]) glimpse(found.has(namespace));
    } catch {
      // The next look is soon.
    } finally {
      looking = undefined;
    }
  };
  const timer = setInterval(() => {
    if (watchers.size > 0) looking ??= look();
  }, everyMs).unref();

  return {
    watch(namespace, glimpse) {
      const key = {};
      watchers.set(key, { namespace, glimpse });
      return () => void watchers.delete(key);
    },
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}
