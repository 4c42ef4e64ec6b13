import type { Backend, Call } from "../../backends/backend.ts";
import { removeForGood } from "../../backends/remove-for-good.ts";
import type { Resource } from "../../domain/plan.ts";

/** Removes a resource for good while an attempt to make it hangs: `made` is what that does once the first removal is over. */
export function removedDespite(
  made: () => Promise<unknown>,
  backend: Backend,
  resource: Resource,
  call: Call,
): Promise<{ removed: boolean }> {
  const attemptedAt = Date.now();
  let removals = 0;
  const meanwhile: Backend = {
    ...backend,
    // However long a busy machine takes for all this, the attempt is not later than its deadline allows.
    get deadlineMs() {
      return Date.now() - attemptedAt + 100;
    },
    async remove(...asked) {
      const answer = await backend.remove(...asked);
      if (++removals === 1) await made();
      return answer;
    },
  };
  return removeForGood(meanwhile, resource, call, attemptedAt);
}
