import { expect, it } from "vitest";
import { batches } from "../../eventstore/runner/batches.ts";
import { collect } from "./conformance/subject.ts";

it("what is there at once is one batch, up to the most; what has to be waited for is another", async () => {
  async function* source() {
    yield* [1, 2, 3, 4, 5];
    await new Promise((resolve) => setTimeout(resolve, 10));
    yield* [6, 7];
  }
  expect(await collect(batches(source(), 3))).toEqual([
    [1, 2, 3],
    [4, 5],
    [6, 7],
  ]);
});

it("a source that fails hands out what came before", async () => {
  async function* source() {
    yield 1;
    throw new Error("gone");
  }
  const seen: (readonly number[])[] = [];
  const reading = (async () => {
    for await (const batch of batches(source(), 10)) seen.push(batch);
  })();
  await expect(reading).rejects.toThrow("gone");
  expect(seen).toEqual([[1]]);
});

it("breaking off ends the source", async () => {
  let ended = false;
  async function* source() {
    try {
      yield* [1, 2];
    } finally {
      ended = true;
    }
  }
  for await (const _ of batches(source(), 1)) break;
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(true);
});
