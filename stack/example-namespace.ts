import type { Namespace } from "../sdk/typescript/answers.ts";
import type { Control } from "../sdk/typescript/control.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { untilEnded } from "../sdk/typescript/until-ended.ts";

type Asked = {
  readonly namespace: string;
  /** As YAML. */
  readonly request: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

const patienceMs = 120_000;

/**
 * The example's namespace: as an earlier run left it, brought to the end of what was begun with it, or newly asked
 * for. Which of that was so is told.
 */
export async function exampleNamespace(
  control: Pick<Control, "namespaces" | "operations">,
  { namespace, request, say, signal }: Asked,
): Promise<Namespace> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  /** Undefined where the name is free. */
  const asItIs = async (): Promise<Namespace | undefined> => {
    const found = await control.namespaces.get(namespace).catch(notFound);
    if (found?.operation && underWay.has(found.operation.state)) {
      await untilEnded(control, found.operation.id, patience);
      return control.namespaces.get(namespace);
    }
    return found;
  };

  const found = await asItIs();
  if (found !== undefined && !freeStatuses.has(found.status)) {
    say("  it is here from an earlier run, and goes on");
    return found;
  }
  const created = await control.namespaces.create(request, { waitSeconds: 60 });
  return created.status === "active" ? created : ((await asItIs()) ?? created);
}

const underWay: ReadonlySet<string> = new Set(["pending", "running"]);
const freeStatuses: ReadonlySet<string> = new Set(["deleted", "failed", "rejected"]);

function notFound(error: unknown): undefined {
  if (error instanceof PrismError && error.code === "NOT_FOUND") return undefined;
  throw error;
}
