import { describe, expect, it } from "vitest";
import { lanes } from "../../proxy/lanes.ts";

type Item = { readonly key: string; readonly at: number; readonly partition: number };

const item = (key: string, at: number, partition = 0): Item => ({ key, at, partition });
const held = (ordered: boolean) =>
  lanes<Item>({ ordered, keyOf: ({ key }) => key, compare: (a, b) => a.at - b.at });

const all = (from: ReturnType<typeof held>): string[] => {
  const taken: string[] = [];
  for (let next = from.next(); next !== undefined; next = from.next()) taken.push(`${next.key}${next.at}`);
  return taken;
};

describe("messages where the order of a key is promised", () => {
  it("go out one of each key at a time", () => {
    const waiting = held(true);
    const [a1, a2, b3] = [item("a", 1), item("a", 2), item("b", 3)];
    for (const each of [a1, a2, b3]) waiting.add(each);
    expect(all(waiting)).toEqual(["a1", "b3"]);
    waiting.done(b3);
    expect(all(waiting)).toEqual([]);
    waiting.done(a1);
    expect(all(waiting)).toEqual(["a2"]);
  });

  it("come back before what waited behind them", () => {
    const waiting = held(true);
    const [a1, a2] = [item("a", 1), item("a", 2)];
    for (const each of [a1, a2]) waiting.add(each);
    waiting.next();
    waiting.back([a1]);
    expect(all(waiting)).toEqual(["a1"]);
    waiting.done(a1);
    expect(all(waiting)).toEqual(["a2"]);
  });

  it("are freed when the one they waited for has gone elsewhere", () => {
    const waiting = held(true);
    for (const each of [item("a", 1, 0), item("a", 2, 1), item("b", 3, 0)]) waiting.add(each);
    waiting.next();
    waiting.drop(({ partition }) => partition === 0);
    expect(all(waiting)).toEqual(["a2"]);
  });
});

describe("messages without an order", () => {
  it("do not wait for one another", () => {
    const waiting = held(false);
    for (const each of [item("a", 1), item("a", 2)]) waiting.add(each);
    expect(all(waiting)).toEqual(["a1", "a2"]);
  });

  it("come back first, in their order", () => {
    const waiting = held(false);
    const items = [1, 2, 3].map((at) => item("a", at));
    for (const each of items) waiting.add(each);
    waiting.next();
    waiting.next();
    waiting.back(items.slice(0, 2).reverse());
    expect(all(waiting)).toEqual(["a1", "a2", "a3"]);
  });
});
