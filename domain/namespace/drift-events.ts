import type { Event } from "../event.ts";
import type { BackendKind } from "../plan.ts";
import type { Failure, Workflow } from "./event-data.ts";

/** A field of a resource that is not as planned. */
export type FieldDrift = { readonly field: string; readonly planned: string; readonly actual: string };

/** One thing that is not as it should be. */
export type Finding = {
  /** `stuck`: an operation that no workflow works on. */
  readonly class: "missing" | "drifted" | "foreign" | "stuck";
  /** Its key; null where it is about the operation. */
  readonly resource: string | null;
  readonly fields: readonly FieldDrift[];
  readonly because: string;
};

/** An active namespace keeps less than its promise. */
export type NamespaceDegraded = Event<
  "NamespaceDegraded",
  { readonly namespace: string; readonly because: string }
>;

export type NamespaceRecovered = Event<"NamespaceRecovered", { readonly namespace: string }>;

/** `teams`: whose the namespace is; they may see the operation. */
export type Repair = {
  readonly operation: string;
  readonly workflow: Workflow;
  readonly teams: readonly string[];
};

/** What a look at the backends found, the last one replacing those before it; none: all is as planned again. */
export type DriftDetected = Event<
  "DriftDetected",
  {
    readonly namespace: string;
    readonly findings: readonly Finding[];
    /** The operation that sets out to repair it; null: it is only recorded. */
    readonly repair: Repair | null;
  }
>;

/** Ends a repair. */
export type DriftRepaired = Event<"DriftRepaired", { readonly resources: readonly string[] }>;

/** Ends a repair; what was found is as it was. */
export type RepairFailed = Event<"RepairFailed", { readonly error: Failure }>;

/** Tagged as this namespace's, but unknown to it. It is left alone until a person has looked at it. */
export type OrphanQuarantined = Event<
  "OrphanQuarantined",
  {
    readonly resource: { readonly backend: BackendKind; readonly kind: string; readonly name: string };
    readonly because: string;
  }
>;
