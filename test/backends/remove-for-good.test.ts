import { expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { removeForGood } from "../../backends/remove-for-good.ts";
import { callOf } from "./call-of.ts";

const resource = { backend: "redis", kind: "acl-user", name: "orders", config: {} } as const;

/** When it is removed, by the clock; the deadline is what it is when it is asked for. */
function removals(deadlineMs: () => number) {
  const at: number[] = [];
  const backend = {
    get deadlineMs() {
      return deadlineMs();
    },
    async remove() {
      at.push(Date.now());
      return { removed: true };
    },
  };
  return { at, backend: backend as unknown as Backend };
}

it("what may be made still is removed once more when the deadline of that is over, not before", async () => {
  const attemptedAt = Date.now() - 100;
  let over = 0;
  // 200 ms from then on, however long a busy machine took for the first removal.
  const { at, backend } = removals(() => {
    over = Date.now() + 200;
    return over - attemptedAt;
  });
  expect(await removeForGood(backend, resource, callOf("orders"), attemptedAt)).toEqual({ removed: true });
  expect(at).toHaveLength(2);
  // A timer may be early by less than a millisecond.
  expect(at[1]).toBeGreaterThanOrEqual(over - 1);
});

it("what nobody has tried to make for longer than that is removed once", async () => {
  const { at, backend } = removals(() => 300);
  await removeForGood(backend, resource, callOf("orders"), Date.now() - 301);
  expect(at).toHaveLength(1);
});
