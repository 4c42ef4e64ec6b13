import { type Layout, readLayouts } from "./layouts.ts";
import type { Term } from "./leadership.ts";

/** What the leader of a namespace's relay knows, and may say, as long as nobody has taken over. */
export interface RelayTerm {
  /** Where to begin. */
  readonly relayed: bigint;
  /** Over how many partitions what goes; they change with a new term only. */
  readonly layouts: readonly Layout[];
  /** Everything up to there is in the broker. `false`: the term is over, somebody else leads or it begins anew. */
  moved(to: bigint): Promise<boolean>;
  /** Where the log ends; `undefined` as for `moved`. */
  head(): Promise<bigint | undefined>;
}

type Of = { readonly namespace: string; readonly incarnation: number };

/** A new term of a relay: whoever led before can move nothing from here on. `undefined`: there is no such log. */
export async function relayTerm({ query }: Term, of: Of): Promise<RelayTerm | undefined> {
  const { namespace, incarnation } = of;
  const [begun] = await query<{ epoch: string; relayed: string }>(
    `update prism_log.relay set epoch = epoch + 1 where namespace = $1 and incarnation = $2 returning epoch, relayed`,
    [namespace, incarnation],
  );
  if (begun === undefined) return undefined;
  const { epoch } = begun;
  // After the term has begun: a layout that changes from here on ends it.
  const layouts = await readLayouts(query, of);
  return {
    relayed: BigInt(begun.relayed),
    layouts,
    async moved(to) {
      const moved = await query(
        `update prism_log.relay set relayed = $3 where namespace = $1 and epoch = $2 returning 1 as moved`,
        [namespace, epoch, String(to)],
        "relay moved",
      );
      return moved.length > 0;
    },
    async head() {
      const [found] = await query<{ position: string }>(
        `select h.position from prism_log.log_head h join prism_log.relay r using (namespace, incarnation)
         where namespace = $1 and epoch = $2`,
        [namespace, epoch],
        "relay head",
      );
      return found === undefined ? undefined : BigInt(found.position);
    },
  };
}
