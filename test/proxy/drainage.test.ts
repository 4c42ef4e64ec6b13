import { expect, it } from "vitest";
import type { Leadership } from "../../backends/write-ahead-log/leadership.ts";
import { drainage } from "../../proxy/drainage.ts";

const resigned: string[] = [];
const free: Leadership = {
  tryLead: async (name) => ({
    signal: new AbortController().signal,
    query: async () => [],
    resign: async () => void resigned.push(name),
  }),
  close: async () => {},
};

function draining(calls = 0) {
  const changes: boolean[] = [];
  const drains = drainage({
    leadership: free,
    calls: () => calls,
    changed: (now) => void changes.push(now),
  });
  return { drains, changes };
}

it("ends what it leads, leads nothing more, and says what is left until that has ended", async () => {
  const { drains, changes } = draining(2);
  const term = await drains.leadership.tryLead("relay orders");
  expect([term?.signal.aborted, drains.underWay()]).toEqual([false, undefined]);
  drains.set(true);
  expect([term?.signal.aborted, drains.underWay()]).toEqual([true, 3]);
  expect(await drains.leadership.tryLead("relay orders")).toBeUndefined();
  await term?.resign();
  await term?.resign();
  expect(drains.underWay()).toBe(2);
  drains.set(true);
  expect(changes).toEqual([true]);
});

it("leads again once it is in use again", async () => {
  const { drains, changes } = draining();
  drains.set(false);
  drains.set(true);
  drains.set(false);
  expect(changes).toEqual([true, false]);
  const term = await drains.leadership.tryLead("relay orders");
  expect([term?.signal.aborted, drains.draining]).toEqual([false, false]);
});
