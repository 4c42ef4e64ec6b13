import { changesBetween, planChange } from "../../domain/namespace/change.ts";
import type { OperationState } from "../../domain/namespace/progress.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import { type Chapter, needsWord, planOf } from "./life-story.ts";

/** What should be true of a namespace while nothing is under way. */
export type Model = {
  readonly status: "absent" | "active" | "failed" | "rejected" | "deleted";
  /** What is in force. */
  readonly request: NamespaceRequest | undefined;
  readonly version: number;
  readonly incarnation: number;
  /** Something could not be removed: the name is taken until somebody deletes it. */
  readonly blocked: boolean;
  /** Every operation that began, with its end. */
  readonly operations: readonly { readonly id: string; readonly state: OperationState }[];
};

export const unborn: Model = {
  status: "absent",
  request: undefined,
  version: 0,
  incarnation: 0,
  blocked: false,
  operations: [],
};

/** What a team of these lives may have. */
export const quota = { write_rps: 420, read_rps: 1e6, data_size: 1e13, namespaces: 1 };

/** How an operation may end; `refused`: it does not begin; `quiet`: there is nothing to do. */
export type End = OperationState | "refused" | "quiet";

/** The types of what an operation says last. */
export const lastEvents =
  /^(Namespace(Activated|Failed|Rejected|Deleted)|ProxiesRegistered|UpdateFailed|DeletionFailed)$/;

/** Only a create whose undo was made to fail may leave something behind. */
export const mayBlock = ({ verb, faults }: Chapter): boolean =>
  verb === "create" && faults.some(({ step }) => step.startsWith("remove "));

export function endsOf(model: Model, chapter: Chapter): readonly End[] {
  const early = beginning(model, chapter);
  if (early !== undefined) return [early];
  const end = walked(model, chapter);
  return chapter.impatientMs === undefined ? [end] : [end, "cancelled"];
}

function beginning({ status, request, blocked }: Model, { verb, asked }: Chapter): End | undefined {
  switch (verb) {
    case "create":
      return status === "active" || blocked ? "refused" : undefined;
    case "update":
      if (request === undefined) return "refused";
      return changesBetween(request, asked).length === 0 ? "quiet" : undefined;
    case "delete":
      return status === "absent" || status === "deleted" ? "refused" : undefined;
  }
}

/** Step by step: what goes wrong at it before its work, its work, and what goes wrong after. */
function walked({ request: before }: Model, chapter: Chapter): OperationState {
  const { verb, asked, steps, pivot, faults, parked, word } = chapter;
  for (const step of steps) {
    for (const isAfter of [false, true]) {
      if (!isAfter) {
        const fault = faults.find((one) => one.step === step && one.moment !== "recorded");
        const end = fault === undefined ? undefined : struck(fault.code, fault.times, parked);
        if (end !== undefined) return end;
        if (step === "reserve-quota" && asked.needs.write_rps > quota.write_rps) return "failed";
        if (step === "select" && verb === "update" && before !== undefined) {
          if (planChange(planOf(before).plan, planOf(asked).plan).moves.length > 0) return "failed";
        }
        if (step === pivot) return "succeeded";
        continue;
      }
      const fault = faults.find((one) => one.step === step && one.moment === "recorded");
      const end = fault === undefined ? undefined : struck(fault.code, fault.times, parked);
      if (end !== undefined) return end;
      if (step === "approve" && needsWord(before, asked) && word !== "approve") {
        return word === "reject" ? "rejected" : "cancelled";
      }
    }
  }
  return "succeeded";
}

/** Before the pivot: refused for good, or told so while it waits; else it goes on. */
function struck(
  code: string,
  times: number | undefined,
  parked: Chapter["parked"],
): OperationState | undefined {
  if (code === "FORBIDDEN") return "failed";
  if (times === 1 || parked === "retry") return undefined;
  return parked === "cancel" ? "cancelled" : "failed";
}

/** The model after the operation, which ended so. `blocked`: it said that something is left behind. */
export function after(
  model: Model,
  { verb, asked }: Chapter,
  { id, state, blocked }: { id: string; state: OperationState; blocked: boolean },
): Model {
  const operations = [...model.operations, { id, state }];
  const went = state === "succeeded";
  switch (verb) {
    case "create":
      return {
        status: went ? "active" : state === "rejected" ? "rejected" : "failed",
        request: went ? asked : undefined,
        version: 1,
        incarnation: model.incarnation + 1,
        blocked,
        operations,
      };
    case "update":
      return went
        ? { ...model, request: asked, version: model.version + 1, operations }
        : { ...model, operations };
    case "delete":
      return went
        ? { ...model, status: "deleted", request: undefined, blocked: false, operations }
        : { ...model, operations };
  }
}
