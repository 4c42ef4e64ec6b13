import type { SeenFinding, Sweep, Sweeps } from "../../control/sweeps.ts";

/** Sweeps that are only remembered; `foundBy`: what one of them left standing, whatever others found after it. */
export function memorySweeps(): Sweeps & { foundBy(operation: string): readonly SeenFinding[] } {
  const known = new Map<string, Sweep>();
  const left = new Map<string, readonly SeenFinding[]>();
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
    async found(all, { findings, settled, unseen }) {
      const kept = standing.filter(({ backend }) => backend !== null && backend in unseen);
      const fresh = findings.map((one, id) => ({
        ...one,
        id: String(id),
        seenAt: new Date(),
        settledAt: settled?.has(one) ? new Date() : null,
      }));
      standing = [...kept, ...fresh];
      for (const { operation } of all) {
        keep(operation, { unseen });
        left.set(operation, standing);
      }
    },
    async settle(namespaces) {
      const settled = (findings: readonly SeenFinding[]) =>
        findings.map((one) =>
          one.namespace !== null && namespaces.includes(one.namespace)
            ? { ...one, settledAt: new Date() }
            : one,
        );
      standing = settled(standing);
      for (const [operation, findings] of left) left.set(operation, settled(findings));
    },
    async end(all, error) {
      const state = error === null ? "succeeded" : "failed";
      for (const { operation } of all) keep(operation, { state, error, endedAt: new Date() });
    },
    foundBy: (operation) => left.get(operation) ?? [],
    get: async (id) => known.get(id),
    last: async () => [...known.values()].at(-1),
    list: async () => standing,
    counts: async () => new Map(standing.map((one) => [one.class, 1])),
  };
}
