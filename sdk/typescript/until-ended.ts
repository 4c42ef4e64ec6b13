import type { Operation } from "./answers.ts";
import type { Control } from "./control.ts";

/** The operation once it has ended; as it stands where `signal` aborts before. */
export async function untilEnded(
  { operations }: Pick<Control, "operations">,
  id: string,
  signal: AbortSignal,
): Promise<Operation> {
  const changes = operations.watch(id, { signal })[Symbol.asyncIterator]();
  while ((await changes.next()).done !== true);
  return operations.get(id);
}
