import type { ensureStep, removeStep, restoreStep } from "../domain/namespace/steps.ts";

/**
 * Where an attempt of a step may end: `before` anything is done, once its effect is `intended`, `after` the effect,
 * or once it is `recorded` and not answered yet.
 */
export type Moment = "before" | "intended" | "after" | "recorded";

const recordsOnly = ["before", "recorded"] as const;
/** It does something that its record does not contain, and says afterwards that it did. */
const acts = ["before", "after", "recorded"] as const;
/** The stream, or a table, says beforehand what is intended. */
const intends = ["before", "intended", "after", "recorded"] as const;

/** What activities are called for those who follow an operation, with the moments at which an attempt may end. */
const named = {
  begin: recordsOnly,
  "reserve-quota": recordsOnly,
  select: recordsOnly,
  approve: recordsOnly,
  grant: recordsOnly,
  reject: recordsOnly,
  expire: recordsOnly,
  "assign-shard": acts,
  "configure-patterns": recordsOnly,
  "configure-access": recordsOnly,
  register: recordsOnly,
  probe: acts,
  "commit-quota": recordsOnly,
  activate: recordsOnly,
  park: recordsOnly,
  retry: recordsOnly,
  abandon: recordsOnly,
  cancel: recordsOnly,
  "begin-undo": recordsOnly,
  fail: recordsOnly,
  "release-quota": recordsOnly,
  "plan-changes": recordsOnly,
  "hold-relay": acts,
  "drain-groups": recordsOnly,
  apply: recordsOnly,
  "look-at-pivot": recordsOnly,
  "grow-relay": acts,
  "release-relay": acts,
  "release-reservation": recordsOnly,
  "stop-traffic": acts,
  drain: recordsOnly,
  "stop-providers": acts,
  archive: acts,
  unregister: recordsOnly,
  delete: recordsOnly,
  "reopen-log": recordsOnly,
  sweep: intends,
  "end-sweep": acts,
  "fail-sweep": recordsOnly,
  repair: recordsOnly,
  "plan-cleanup": recordsOnly,
  "complete-cleanup": recordsOnly,
  rewind: acts,
  "open-target": acts,
  move: recordsOnly,
  "close-source": recordsOnly,
  "drain-source": recordsOnly,
  complete: recordsOnly,
  "close-target": recordsOnly,
} as const satisfies Readonly<Record<string, readonly Moment[]>>;

/** A step on a resource bears its name. */
export type Step =
  | keyof typeof named
  | ReturnType<typeof ensureStep | typeof restoreStep | typeof removeStep>;

export const steps = Object.keys(named) as readonly (keyof typeof named)[];

/** These are taken for all namespaces, which is called `*`. */
export const ofAll: ReadonlySet<string> = new Set<Step>(["sweep", "end-sweep", "fail-sweep"]);

const onResource = /^(ensure|restore|remove) (kafka|nats|redis|postgres|s3) \S+ \S+$/;

/** `undefined`: there is no such step. */
export const momentsOf = (step: string): readonly Moment[] | undefined =>
  onResource.test(step)
    ? intends
    : Object.hasOwn(named, step)
      ? named[step as keyof typeof named]
      : undefined;
