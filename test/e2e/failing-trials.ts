import { type Cell, cells, failpointOf } from "./kill-matrix.ts";
import { changedBy, changeOf, everyKind, type Kind, kinds, resourcesOf } from "./kinds.ts";

/** `fails`: once, as if a backend were away for a moment. `refused`: for good. */
export type Trial = Cell & { readonly kind: Kind; readonly fate: "fails" | "refused" };

/** A step on a resource for every kind of namespace that has it, the others on one kind after the other. */
const trialsOf = (cellsWith: (resources: number) => readonly Cell[], on: ReadonlyMap<Kind, number>) => {
  const all = [...on.keys()];
  const named = cellsWith(0).map((cell, at) => ({ ...cell, kind: all[at % all.length] ?? "orders" }));
  const onResources = all.flatMap((kind) =>
    cellsWith(on.get(kind) ?? 0)
      .filter(({ resource }) => resource !== undefined)
      .map((cell) => ({ ...cell, kind })),
  );
  return [...named, ...onResources];
};
export const allTrials: readonly Trial[] = [
  ...trialsOf(
    (some) => cells("update", some),
    new Map(kinds.map((kind) => [kind, changedBy(kind, "x", changeOf(kind)).length])),
  ),
  ...trialsOf(
    (some) => cells("delete", some),
    new Map(everyKind.map((kind) => [kind, resourcesOf(kind, "x").length])),
  ),
]
  .filter(({ plot, activity }) => plot === "plain" && !activity.startsWith("begin"))
  .flatMap((cell) => (["fails", "refused"] as const).map((fate) => ({ ...cell, fate })));
/** Up to its pivot an operation that is refused goes back; from there it waits until somebody has it go on. */
const undoable: ReadonlySet<string> = new Set([
  ...["reserveQuota", "selectPlan", "planChanges", "ensureResource", "applyUpdate"],
  ...["stopTraffic", "drain"],
]);
const pivots: ReadonlySet<string> = new Set(["applyUpdate", "drain"]);
const lasts: ReadonlySet<string> = new Set(["registerUpdate", "completeDeletion"]);
/** What was recorded counts, whatever became of the attempt that recorded it. */
export const isOver = ({ activity, moment }: Trial) => lasts.has(activity) && moment === "recorded";
export const goesBack = ({ activity, moment, fate }: Trial) =>
  fate === "refused" && undoable.has(activity) && !(pivots.has(activity) && moment === "recorded");
export const waits = (trial: Trial) =>
  trial.fate === "refused" && !undoable.has(trial.activity) && !isOver(trial);

/** As `PRISM_FAILPOINT` takes it. */
export function failpointFor(trial: Trial, namespace: string): string {
  const { operation, kind, fate } = trial;
  const resources =
    operation === "update" ? changedBy(kind, namespace, changeOf(kind)) : resourcesOf(kind, namespace);
  return `${failpointOf(trial, namespace, resources)}:${fate}`;
}
