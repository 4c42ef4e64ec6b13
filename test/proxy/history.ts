/** What a test has seen of a queue, in the order in which it saw it. */
export type Seen =
  | { readonly kind: "published"; readonly id: string; readonly key: string; readonly position: bigint }
  | {
      readonly kind: "delivered";
      readonly group: string;
      readonly id: string;
      readonly key: string;
      readonly position: bigint;
    }
  /**
   * What came of an acknowledgement: it would survive the proxy, it came too late, or nobody
   * was there any more to say.
   */
  | { readonly kind: "confirmed" | "refused" | "unknown"; readonly group: string; readonly id: string };

export type Findings = {
  /** Acknowledged publishes that a group was never delivered, or not again though it would have to be. */
  readonly lost: readonly string[];
  /** Delivered to a group that had its acknowledgement confirmed. */
  readonly doubled: readonly string[];
  /** Delivered for the first time after a later message of its key. */
  readonly disordered: readonly string[];
  /** Delivered, and never published by anybody. */
  readonly invented: readonly string[];
  /** Whose place or key is another in delivery than in the answer to its publish, or is another's too. */
  readonly misplaced: readonly string[];
};

/**
 * Judges a history that has come to rest. `attempted`: ids a publisher asked for, also those
 * it was never answered for: those may be there or not.
 */
export function judge(
  history: readonly Seen[],
  groups: readonly string[],
  attempted: ReadonlySet<string>,
): Findings {
  const published = new Map<string, { key: string; position: bigint }>();
  for (const seen of history) if (seen.kind === "published") published.set(seen.id, seen);
  const each = groups.map((group) => judgeGroup(history, group, published, attempted));
  return {
    lost: each.flatMap(({ lost }) => lost),
    doubled: each.flatMap(({ doubled }) => doubled),
    disordered: each.flatMap(({ disordered }) => disordered),
    invented: each.flatMap(({ invented }) => invented),
    misplaced: [...each.flatMap(({ misplaced }) => misplaced), ...sharedPlaces(published)],
  };
}

type Place = { readonly key: string; readonly position: bigint };

function judgeGroup(
  history: readonly Seen[],
  group: string,
  published: ReadonlyMap<string, Place>,
  attempted: ReadonlySet<string>,
): Findings {
  const confirmed = new Set<string>();
  const delivered = new Set<string>();
  const last = new Map<string, bigint>();
  const outcome = new Map<string, Seen["kind"]>();
  const findings = { lost: [], doubled: [], disordered: [], invented: [], misplaced: [] } as Record<
    keyof Findings,
    string[]
  >;
  for (const seen of history) {
    if (seen.kind === "published" || seen.group !== group) continue;
    outcome.set(seen.id, seen.kind);
    if (seen.kind === "confirmed") confirmed.add(seen.id);
    if (seen.kind !== "delivered") continue;
    const { id, key, position } = seen;
    const answered = published.get(id);
    if (!attempted.has(id) && answered === undefined) findings.invented.push(id);
    if (answered !== undefined && (answered.position !== position || answered.key !== key))
      findings.misplaced.push(id);
    if (confirmed.has(id)) findings.doubled.push(id);
    if (!delivered.has(id) && position <= (last.get(key) ?? -1n)) findings.disordered.push(id);
    if (!delivered.has(id)) last.set(key, position);
    delivered.add(id);
  }
  findings.lost = [...published.keys()].filter((id) => !confirmed.has(id) && isOpen(outcome.get(id)));
  return findings;
}

/** Whether a message has to come, or to come again, after what was last seen of it. */
export const isOpen = (last: Seen["kind"] | undefined): boolean => last !== "confirmed" && last !== "unknown";

/** Two messages at one place: one of them is nowhere. */
function sharedPlaces(published: ReadonlyMap<string, Place>): readonly string[] {
  const taken = new Map<bigint, string>();
  return [...published].flatMap(([id, { position }]) => {
    const other = taken.get(position);
    taken.set(position, id);
    return other === undefined ? [] : [id];
  });
}
