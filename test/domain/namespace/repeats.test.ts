import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import { decide } from "../../../domain/namespace/decide.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { isLive, type Namespace } from "../../../domain/namespace/namespace.ts";
import { lacksApproval } from "../../../domain/namespace/operation.ts";
import { resourceKey } from "../../../domain/namespace/resources.ts";
import { schemaVersions } from "../../../domain/namespace/schema-versions.ts";
import { everyCommand } from "./every-command.ts";
import { advance, emptyWorld, type Turn, tell, type World } from "./world.ts";

type Act = { readonly turn: Turn; readonly stray: NamespaceCommand | undefined; readonly whose: number };

/** Mostly what a workflow would do, and between it any command in the name of any operation. */
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.record({
    turn: fc.record({ pick: fc.nat(99), crash: fc.constantFrom<Turn["crash"]>(0, 1, 2, 3) }),
    stray: fc.option(fc.constantFrom(...everyCommand), { nil: undefined, freq: 2 }),
    whose: fc.nat(9),
  }),
  { maxLength: 90, size: "max" },
);

/** The stray command is mostly of the operation that has the namespace, else of an earlier one or of nobody's. */
function strayOf({ stray, whose }: Act, { namespace, operations }: World): NamespaceCommand | undefined {
  const id = whose < 6 ? namespace.operation?.id : `op-${(whose - 5) % (operations + 2)}`;
  return stray && { ...stray, operation: id ?? "op-1" };
}

type Look = (world: World, before: Namespace, news: readonly NamespaceEvent[]) => string | undefined;

/** Goes through a history, and collects what `look` finds wrong after each act. */
function wrongs(history: readonly Act[], look: Look, world = emptyWorld()): readonly string[] {
  return history.flatMap((act) => {
    const advanced = watched(world, () => advance(world, act.turn), look);
    const command = strayOf(act, world);
    const told = command && watched(world, () => tell(world, command), look);
    return [...advanced, ...(told ?? [])];
  });
}

function watched(world: World, go: () => void, look: Look): readonly string[] {
  const [before, told] = [world.namespace, world.log.length];
  go();
  const wrong = look(world, before, world.log.slice(told));
  return wrong === undefined ? [] : [wrong];
}

const runs = { numRuns: 600 };
const never = (look: Look) =>
  fc.assert(
    fc.property(acts, (history) => {
      expect(wrongs(history, look)).toEqual([]);
    }),
    runs,
  );

/** What ends an operation without success. */
const backward: ReadonlySet<string> = new Set([
  "OperationCancelled",
  "OperationAbandoned",
  "NamespaceFailed",
  "NamespaceRejected",
  "UpdateFailed",
  "DeletionFailed",
  "RepairFailed",
  "RewindFailed",
  "MoveFailed",
]);

/** Steps that are taken once, and that nothing undoes. */
const forward: ReadonlySet<string> = new Set([
  "ShardAssigned",
  "PatternsConfigured",
  "AccessConfigured",
  "ProxiesRegistered",
  "ProbeSucceeded",
  "NamespaceActivated",
  "RelayHeld",
  "GroupsDrained",
  "UpdateApplied",
  "PartitionsGrown",
  "TrafficStopped",
  "DrainCompleted",
  "ProvidersStopped",
  "AuditArchived",
  "ProxiesUnregistered",
  "NamespaceDeleted",
  "DriftRepaired",
  "RelayRewound",
  "TargetOpened",
  "NamespaceMoved",
  "SourceClosed",
  "SourceDrained",
  "MoveCompleted",
]);

describe("whatever commands come, in whatever order", { timeout: 60_000 }, () => {
  it("repeating an accepted command is quiet", () => {
    fc.assert(
      fc.property(acts, (history) => {
        const world = emptyWorld();
        const loud = history.flatMap((act) => {
          advance(world, act.turn);
          const command = strayOf(act, world);
          // A failed attempt is told of as often as there are attempts.
          if (command === undefined || command.type === "ReportStepFailure" || !tell(world, command))
            return [];
          return decide(command, world.namespace);
        });
        expect(loud).toEqual([]);
      }),
      runs,
    );
  });

  it("active means: planned, provisioned whole, served and probed", () =>
    never(({ namespace }, before, news) => {
      const { plan, resources, served } = namespace;
      const activated = news.some(({ type }) => type === "NamespaceActivated");
      const needed = ["configure-access", "register", "probe"];
      if (activated && !needed.every((step) => before.operation?.done.has(step)))
        return "activated too early";
      if (!isLive(namespace)) return undefined;
      const whole = plan?.resources.every((one) => resources.get(resourceKey(one))?.state === "provisioned");
      return whole === true && served ? undefined : `${namespace.status}, and not whole`;
    }));

  it("after its pivot an operation only goes forward", () =>
    never((_, { operation }, news) => {
      const back = news.find(({ type }) => operation?.pivoted === true && backward.has(type));
      return back && `${back.type} after the pivot`;
    }));

  it("what is decided to be undone goes no step forward, and what needs approval none before", () =>
    never((_, { operation }, news) => {
      const mayNot = operation !== undefined && (operation.undoing !== null || lacksApproval(operation));
      const step = news.find(({ type }) => mayNot && !operation.ended && forward.has(type));
      return step && `${step.type}, undoing: ${operation?.undoing}`;
    }));

  it("comes far: every event there is happens", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(acts, (history) => {
        const world = emptyWorld();
        wrongs(history, () => undefined, world);
        for (const { type } of world.log) seen.add(type);
      }),
      { numRuns: 1_500, seed: 4 },
    );
    expect(Object.keys(schemaVersions).filter((type) => !seen.has(type))).toEqual([]);
  });
});
