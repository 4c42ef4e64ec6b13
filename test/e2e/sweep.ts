import type { Operation } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { until } from "../setup/until.ts";

/** Has everything looked at, and waits until that is over. */
export async function reconciled(root: Control): Promise<Operation> {
  const { id } = await root.reconcile();
  const now = () => root.operations.get(id);
  await until(async () => (await now()).ended_at !== null, 240_000);
  return now();
}
