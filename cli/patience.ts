import type { Namespace, Operation } from "../sdk/typescript/answers.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { untilEnded } from "../sdk/typescript/until-ended.ts";
import { type Context, controlOf } from "./context.ts";
import { whatNext } from "./operation.ts";

export type Patience = { readonly wait?: boolean; readonly waitSeconds: number };

/** So long one call of the API waits at most; after that its operation is followed. */
const longestCallSeconds = 60;

type Waited = {
  readonly namespace: Namespace;
  /** Time is up and it is not in force: to be thrown once the answer is shown. */
  readonly late?: PrismError;
};

/** What `ask` answers, or where somebody waits what has become of that in their time; rejects where it failed. */
export async function waitedFor(
  context: Context,
  { wait = false, waitSeconds }: Patience,
  ask: (patience: { readonly waitSeconds?: number }) => Promise<Namespace>,
): Promise<Waited> {
  if (!wait || waitSeconds === 0) return { namespace: await ask({}) };
  const patience = AbortSignal.timeout(Math.min(waitSeconds * 1_000, 2 ** 31 - 1));
  const namespace = await ask({ waitSeconds: Math.min(waitSeconds, longestCallSeconds) });
  const begun = namespace.operation;
  if (!begun || !underWay.has(begun.state) || isAsked(begun)) return { namespace };

  const control = controlOf(context);
  const operation = await control.operations.get(begun.id);
  sayWhatNext(context, operation);
  const now = await untilEnded(control, begun.id, patience);
  if (!underWay.has(now.state) && now.state !== "succeeded") {
    const { code = "INTERNAL", message = now.state, details = {} } = now.error ?? {};
    throw new PrismError(code, message, { details });
  }
  const shown = await control.namespaces.get(namespace.namespace);
  if (now.state === "succeeded" || isAsked(now)) return { namespace: shown };
  if (now.state !== operation.state) sayWhatNext(context, now);
  return { namespace: shown, late: late(now, waitSeconds) };
}

const underWay: ReadonlySet<string> = new Set(["pending", "running", "awaiting_approval", "waiting"]);

/** A create that waits for approval is where `--wait` ends: that takes people days. */
const isAsked = ({ kind, state }: Pick<Operation, "kind" | "state">): boolean =>
  kind === "create" && state === "awaiting_approval";

function sayWhatNext(context: Context, operation: Operation): void {
  const lines = whatNext(operation);
  if (lines.length > 0) context.warn(`${operation.namespace} ${lines.join("\n  ")}\n`);
}

const late = ({ id, kind, namespace, state }: Operation, waitSeconds: number): PrismError =>
  new PrismError("NAMESPACE_NOT_READY", `${kind} of ${namespace} is ${state} after ${waitSeconds} s`, {
    details: { recommendation: `prism operation watch ${id}` },
  });
