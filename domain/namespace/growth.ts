import { PrismError } from "../errors.ts";
import type { Plan } from "../plan.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { postgresTable } from "../selection/names.ts";
import { partitions as partitionsOf, planChange } from "./change.ts";
import { resourceKey } from "./resources.ts";

/** A topic that a log fills and that gets more partitions. */
export type Growth = {
  readonly topic: string;
  /** The log that fills it. */
  readonly log: string;
  readonly before: number;
  readonly partitions: number;
  /** A key may go on in another partition only when all that lies before is done. */
  readonly ordered: boolean;
};

/** Which keep one; the first in a chain has it. */
const logs: Readonly<Record<string, "wal" | "replay">> = { wal: "wal", "replay-store": "replay" };

/**
 * What growing takes beside adding partitions; `undefined`: nothing. `UNIMPLEMENTED` where order is
 * promised and no log could hold back what is published meanwhile.
 */
export function growthOf(
  { namespace, needs }: NamespaceRequest,
  before: Plan,
  after: Plan,
): Growth | undefined {
  const ordered = needs.ordered ?? false;
  const [grown] = planChange(before, after).grown;
  if (grown === undefined) return undefined;
  const was = before.resources.find((resource) => resourceKey(resource) === resourceKey(grown));
  const [from, to] = [was === undefined ? 0 : partitionsOf(was), partitionsOf(grown)];
  const [log] = after.patterns.flatMap(({ type }) => logs[type] ?? []);
  if (log !== undefined) {
    const table = postgresTable(log, namespace);
    return { topic: grown.name, log: table, before: from, partitions: to, ordered };
  }
  if (!ordered) return undefined;
  throw new PrismError(
    "UNIMPLEMENTED",
    `${grown.name} would get more partitions, order is promised, and no log holds messages back meanwhile`,
    {
      details: {
        field: "needs",
        missing: "a barrier between old and new partitions for namespaces without a log",
        recommendation:
          "Stay within the partitions it has, or create a new namespace with durability: strong",
      },
    },
  );
}
