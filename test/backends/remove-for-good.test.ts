import { expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { removeForGood } from "../../backends/remove-for-good.ts";
import { callOf } from "./call-of.ts";

const resource = { backend: "redis", kind: "acl-user", name: "orders", config: {} } as const;

/** When it is removed, by the clock. */
function removals(deadlineMs: number) {
  const at: number[] = [];
  const remove = async () => {
    at.push(Date.now());
    return { removed: true };
  };
  return { at, backend: { deadlineMs, remove } as unknown as Backend };
}

it("what may be made still is removed once more when the deadline of that is over, not before", async () => {
  const { at, backend } = removals(300);
  const attemptedAt = Date.now() - 100;
  expect(await removeForGood(backend, resource, callOf("orders"), attemptedAt)).toEqual({ removed: true });
  expect(at).toHaveLength(2);
  // A timer may be early by less than a millisecond.
  expect(at[1]).toBeGreaterThanOrEqual(attemptedAt + 299);
});

it("what nobody has tried to make for longer than that is removed once", async () => {
  const { at, backend } = removals(300);
  await removeForGood(backend, resource, callOf("orders"), Date.now() - 301);
  expect(at).toHaveLength(1);
});
