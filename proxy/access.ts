import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";

export type Caller = {
  /** `user:<name>` or `service:<name>`. */
  readonly subject: string;
  readonly teams: readonly string[];
  readonly platform: boolean;
  readonly audit: boolean;
};

/** What a call does to a namespace's data. */
export type Need = "read" | "write";

/**
 * Lets a caller through or says why not (`api.md` §2). For whom nothing of a namespace is
 * visible it does not exist: the refusal is the same as for a name nobody has.
 */
export function checkAccess(caller: Caller, entry: Entry, need: Need): void {
  const right = rightOf(caller, entry);
  if (right === "write" || right === need) return;
  if (right === "read") {
    throw new PrismError("FORBIDDEN", `${caller.subject} may only read from '${entry.namespace}'`, {
      details: { recommendation: "Ask the namespace's team for read-write access" },
    });
  }
  // Platform and audit see that it exists, but never what is in it.
  if (caller.platform || caller.audit) {
    throw new PrismError(
      "FORBIDDEN",
      `${caller.subject} may not read or write what '${entry.namespace}' holds`,
    );
  }
  throw noSuchNamespace(entry.namespace);
}

export const noSuchNamespace = (namespace: string): PrismError =>
  new PrismError("NOT_FOUND", `namespace '${namespace}' does not exist`);

function rightOf(caller: Caller, entry: Entry): Need | undefined {
  if ([entry.team, ...entry.ownerTeams].some((team) => caller.teams.includes(team))) return "write";
  const consumer = entry.consumers.find(({ service }) => caller.subject === `service:${service}`);
  if (consumer === undefined) return undefined;
  return consumer.writes ? "write" : "read";
}
