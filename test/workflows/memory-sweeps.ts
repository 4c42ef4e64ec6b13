import type { SeenFinding, Sweep, Sweeps } from "../../control/sweeps.ts";

/** Sweeps that are only remembered. */
export function memorySweeps(): Sweeps {
  const known = new Map<string, Sweep>();
  let standing: readonly SeenFinding[] = [];
  const keep = (id: string, more: Partial<Sweep>) => {
    const blank = { requestedBy: "", state: "pending", askedAt: new Date(), startedAt: null } as const;
    const rest = { endedAt: null, workflow: { id: "", run_id: "" }, error: null, unseen: {} };
    known.set(id, { ...blank, ...rest, ...known.get(id), ...more, id });
  };
  return {
    ask: async ({ operation, by }) => keep(operation, { requestedBy: by }),
    async begin(all, workflow) {
      for (const { operation } of all) keep(operation, { state: "running", startedAt: new Date(), workflow });
    },
    async found(all, { findings, unseen }) {
      const kept = standing.filter(({ backend }) => backend !== null && backend in unseen);
      const fresh = findings.map((one, id) => ({
        ...one,
        id: String(id),
        seenAt: new Date(),
        settledAt: null,
      }));
      standing = [...kept, ...fresh];
      for (const { operation } of all) keep(operation, { unseen });
    },
    async settle(namespaces) {
      standing = standing.map((one) =>
        one.namespace !== null && namespaces.includes(one.namespace)
          ? { ...one, settledAt: new Date() }
          : one,
      );
    },
    async end(all, error) {
      const state = error === null ? "succeeded" : "failed";
      for (const { operation } of all) keep(operation, { state, error, endedAt: new Date() });
    },
    get: async (id) => known.get(id),
    last: async () => [...known.values()].at(-1),
    list: async () => standing,
    counts: async () => new Map(standing.map((one) => [one.class, 1])),
  };
}
