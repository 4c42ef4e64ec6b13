import { changesBetween, planChange, replans } from "../../domain/namespace/change.ts";
import { ensureStep, removeStep } from "../../domain/namespace/steps.ts";
import type { Resource } from "../../domain/plan.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import { select } from "../../domain/selection/select.ts";
import { development, everything } from "../domain/inventories.ts";
import { oneOf } from "../setup/random.ts";
import { cellsOf } from "./cells.ts";
import type { Change, Fault } from "./play.ts";

export type Verb = "create" | "update" | "delete";

/** One operation of a namespace's life, with all that is to happen to it. */
export type Chapter = {
  readonly verb: Verb;
  /** What is asked for; of a delete: what there is. */
  readonly asked: NamespaceRequest;
  /** Its steps in order, as people see them. */
  readonly steps: readonly string[];
  /** The step from which on it only goes forward. */
  readonly pivot: string;
  readonly faults: readonly Fault[];
  /** Said where it waits at a step that has used up its attempts. */
  readonly parked: "retry" | "cancel" | "abandon";
  /** Said of a plan that needs a word. */
  readonly word: "approve" | "reject" | "cancel";
  /** Cancelled so long after it began, wherever it is. */
  readonly impatientMs: number | undefined;
};

/** The stage has two backends; on real servers there are all. */
const inventoryOf = ({ client_api }: NamespaceRequest) => (client_api === "queue" ? development : everything);
export const planOf = (request: NamespaceRequest) => select(request, inventoryOf(request));
export const needsWord = (before: NamespaceRequest | undefined, asked: NamespaceRequest): boolean =>
  planOf(asked).approval.length > 0 && before?.needs.data_size !== asked.needs.data_size;

export type Random = () => number;

/**
 * `before`: what is in force; `undefined`: nothing. `basis`: what a life begins with. `changes`: what may be asked
 * for; of those a create takes what every plan of it is built on.
 */
export function chapterOf(
  random: Random,
  before: NamespaceRequest | undefined,
  basis: NamespaceRequest,
  changes: Changes = changesOfQueues,
): Chapter {
  // Now and then something is asked for that cannot be.
  const usual: readonly Verb[] = before === undefined ? ["create"] : ["update", "update", "delete"];
  const verb = random() < 0.1 ? oneOf<Verb>(random, ["create", "update", "delete"]) : oneOf(random, usual);
  const current = before ?? basis;
  const change =
    verb === "delete" ? {} : oneOf(random, changes(random).slice(0, verb === "create" ? -3 : undefined))();
  const asked = { ...current, ...change, needs: { ...current.needs, ...change.needs } };
  const steps = stepsOf(verb, before, asked);
  const pivot = { create: "activate", update: "apply", delete: "drain" }[verb];
  return {
    verb,
    asked,
    steps,
    pivot,
    faults: faultsOf(random, verb, steps, pivot, planOf(asked).plan.resources),
    parked: oneOf(random, ["retry", "cancel", "abandon"]),
    word: oneOf(random, ["approve", "approve", "reject", "cancel"]),
    impatientMs: random() < 0.15 ? Math.floor(random() * 500) : undefined,
  };
}

/** What may be asked for; the last three only of what is there already. */
export type Changes = (random: Random) => readonly (() => Change)[];

export const rate = (random: Random) => ({ write_rps: 100 + Math.floor(random() * 300) });
/** More than this team has. */
export const tooMuch = (): Change => ({ needs: { write_rps: 450 } });
export const anotherConsumer = (random: Random): Change => ({
  access: { owners: [], consumers: [{ service: oneOf(random, ["a", "b"]), access: "read-only" }] },
});

export const changesOfQueues: Changes = (random) => [
  () => ({ needs: rate(random) }),
  () => ({ needs: { ...rate(random), retention: oneOf(random, ["2days", "9days"]) } }),
  // More than a team may have without a word.
  () => ({ needs: { data_size: oneOf(random, ["2TB", "3TB"]) } }),
  tooMuch,
  () => anotherConsumer(random),
  // What would have to move.
  () => ({ needs: { durability: "eventual" } }),
  () => ({}),
];

function stepsOf(
  verb: Verb,
  before: NamespaceRequest | undefined,
  asked: NamespaceRequest,
): readonly string[] {
  const { plan } = planOf(asked);
  const approve = needsWord(before, asked) ? ["approve"] : [];
  const ensured = plan.resources.map(ensureStep);
  switch (verb) {
    case "create":
      return [
        ...["begin", "reserve-quota", "select", ...approve, "assign-shard", ...ensured, "configure-patterns"],
        ...["configure-access", "register", "probe", "commit-quota", "activate"],
      ];
    case "update": {
      if (before === undefined) return ["begin"];
      if (!replans(changesBetween(before, asked))) return ["begin", "apply", "register"];
      const changed = planChange(planOf(before).plan, plan).changed.map(ensureStep);
      return [
        ...["begin", "reserve-quota", "select", ...approve, "plan-changes", ...changed],
        ...["apply", "commit-quota", "register"],
      ];
    }
    case "delete":
      return [
        ...["begin", "stop-traffic", "drain", "stop-providers", "archive"],
        ...(before === undefined ? [] : plan.resources.map(removeStep)),
        ...["unregister", "release-quota", "delete"],
      ];
  }
}

/** What goes wrong: nothing, a few attempts, one step for good, or one until its attempts are used up. */
function faultsOf(
  random: Random,
  verb: Verb,
  steps: readonly string[],
  pivot: string,
  resources: readonly Resource[],
): readonly Fault[] {
  const some = cellsOf(steps.slice(1));
  const kind = random();
  if (kind < 0.35 || some.length === 0) return [];
  if (kind < 0.6) {
    return Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      ...oneOf(random, some),
      code: "BACKEND_UNAVAILABLE",
      times: 1,
      ...(random() < 0.5 ? { deadly: true } : {}),
    }));
  }
  const cell = oneOf(random, some);
  if (kind < 0.8) return [{ ...cell, code: "BACKEND_UNAVAILABLE", times: stepAttempts }];
  // After the pivot somebody mends it, or it would never end.
  const isForward = steps.indexOf(cell.step) > steps.indexOf(pivot);
  const refused: Fault = { ...cell, code: "FORBIDDEN", ...(isForward ? { times: 1 } : {}) };
  if (verb !== "create" || random() < 0.5) return [refused];
  // What was made cannot be removed again.
  const stuck = {
    step: removeStep(oneOf(random, resources)),
    moment: "before",
    times: undoAttempts,
  } as const;
  return [refused, { ...stuck, code: "BACKEND_UNAVAILABLE" }];
}

/** As on the stage. */
const stepAttempts = 4;
const undoAttempts = 2;
