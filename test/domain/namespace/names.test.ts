import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { isFree, isLive } from "../../../domain/namespace/namespace.ts";
import { resourceKey } from "../../../domain/namespace/resources.ts";
import { everyCommand } from "./every-command.ts";
import * as a from "./examples.ts";
import { advance, emptyWorld, type Turn, tell, type World } from "./world.ts";

/** What people may do at any moment, and what circumstances do. Backends are told the truth about, or nothing. */
const interruptions: readonly NamespaceCommand[] = everyCommand.filter(({ type }) =>
  [
    "CancelOperation",
    "AbandonOperation",
    "RetryOperation",
    "ParkOperation",
    "RejectApproval",
    "ExpireApproval",
    "RenewPlan",
    "ReportBlockedCleanup",
    "DegradeNamespace",
    "RecoverNamespace",
    "QuarantineOrphan",
    "ReportData",
    "ReportStepFailure",
    "FailNamespace",
    "FailUpdate",
    "FailDeletion",
    "FailRepair",
  ].includes(type),
);

type History = readonly { readonly turn: Turn; readonly interruption: NamespaceCommand | undefined }[];

const histories: fc.Arbitrary<History> = fc.array(
  fc.record({
    turn: fc.record({ pick: fc.nat(99), crash: fc.constantFrom<Turn["crash"]>(0, 0, 0, 1, 2, 3) }),
    interruption: fc.option(fc.constantFrom(...interruptions), { nil: undefined, freq: 4 }),
  }),
  { maxLength: 120, size: "max" },
);

/** The ruling itself, read from what happened since the last life began. */
function ruledFree(log: readonly NamespaceEvent[]): boolean {
  const life = log.slice(log.findLastIndex(({ type }) => type === "NamespaceRequested"));
  const last = (...types: readonly NamespaceEvent["type"][]) =>
    life.findLastIndex(({ type }) => types.includes(type));
  const begun = last("NamespaceRequested") !== -1;
  const deleted = last("NamespaceDeleted") !== -1;
  const ended = last("NamespaceFailed", "NamespaceRejected") !== -1;
  const beingDeleted = last("DeletionRequested") > last("DeletionFailed");
  const leftBehind = last("CleanupBlocked") > last("CleanupCompleted");
  return !begun || deleted || (ended && !beingDeleted && !leftBehind);
}

/** Goes through a history, and collects what `look` finds wrong after each act. */
function wrongs(history: History, look: (world: World) => string | undefined): readonly string[] {
  const world = emptyWorld();
  return history.flatMap(({ turn, interruption }) => {
    advance(world, turn);
    const operation = world.namespace.operation?.id ?? "op-0";
    if (interruption !== undefined) tell(world, { ...interruption, operation });
    return look(world) ?? [];
  });
}

const never = (look: (world: World) => string | undefined) =>
  fc.assert(
    fc.property(histories, (history) => {
      expect(wrongs(history, look)).toEqual([]);
    }),
    { numRuns: 500 },
  );

describe("after any history of commands and crashes", { timeout: 60_000 }, () => {
  it("a name is held or free in exactly the ruled cases", () =>
    never(({ namespace, log }) => {
      const free = isFree(namespace);
      return free === ruledFree(log) ? undefined : `${namespace.status} is ${free ? "free" : "held"}`;
    }));

  it("who asks for a free name gets it, and for a held one is refused", () =>
    never((world) => {
      const stranger = { ...world, log: [] };
      const got = tell(stranger, { ...a.requestIt, operation: "a-stranger" });
      return got === ruledFree(world.log) ? undefined : `a stranger got ${world.namespace.status}: ${got}`;
    }));

  it("a free name has nothing left in any backend", () =>
    never(({ namespace, there }) =>
      isFree(namespace) && there.size > 0 ? `left behind: ${[...there]}` : undefined,
    ));

  it("one in use has all that it needs", () =>
    never(({ namespace, there }) => {
      const needed = isLive(namespace) ? (namespace.plan?.resources.map(resourceKey) ?? []) : [];
      return needed.every((key) => there.has(key)) ? undefined : `${namespace.status} without ${needed}`;
    }));
});
