import { describe, expect, it } from "vitest";
import { choose } from "../../sdk/typescript/choose.ts";
import type { Endpoint } from "../../sdk/typescript/endpoint.ts";

const never = () => false;
const at = (address: string, more: Partial<Endpoint> = {}): Endpoint => ({ address, ...more });
/** How often each is asked, of a thousand times, drawn evenly. */
function asked(endpoints: readonly Endpoint[], wanted: Partial<Parameters<typeof choose>[1]> = {}) {
  const counted: Record<string, number> = {};
  for (let draw = 0; draw < 1_000; draw++) {
    const address = choose(endpoints, { avoided: never, ...wanted }, () => (draw + 0.5) / 1_000) ?? "nobody";
    counted[address] = (counted[address] ?? 0) + 1;
  }
  return counted;
}

describe("who is asked next", () => {
  it("is each alike where all are alike", () => {
    expect(asked([at("a"), at("b")])).toEqual({ a: 500, b: 500 });
  });

  it("is the idle one more often than the busy one, and the busiest now and then", () => {
    expect(asked([at("idle", { load: 0 }), at("busy", { load: 75 })])).toEqual({ idle: 800, busy: 200 });
    expect(asked([at("idle", { load: 5 }), at("full", { load: 100 })])).toEqual({ idle: 950, full: 50 });
  });

  it("is one of the caller's region, and of another where there is none", () => {
    const both = [at("here", { region: "eu" }), at("there", { region: "us", load: 0 })];
    expect(asked(both, { region: "eu" })).toEqual({ here: 1_000 });
    expect(asked(both, { region: "asia" })).toEqual({ here: 500, there: 500 });
    expect(asked(both, { region: "eu", avoided: (address) => address === "here" })).toEqual({ there: 1_000 });
  });

  it("is none that is unhealthy or has just failed, unless there is no other", () => {
    const sick = at("sick", { healthy: false });
    expect(asked([at("a"), sick])).toEqual({ a: 1_000 });
    expect(asked([at("a"), at("b")], { avoided: (address) => address === "a" })).toEqual({ b: 1_000 });
    expect(asked([sick])).toEqual({ sick: 1_000 });
    expect(asked([])).toEqual({ nobody: 1_000 });
  });

  it("is the same for one key; when a proxy goes, only its keys go elsewhere", () => {
    const all = ["a", "b", "c"].map((address) => at(address));
    const left = all.filter(({ address }) => address !== "b");
    const of = (endpoints: readonly Endpoint[], key: string) => choose(endpoints, { key, avoided: never });
    const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`);
    for (const address of ["a", "b", "c"])
      expect(keys.filter((key) => of(all, key) === address).length).toBeGreaterThan(60);
    for (const key of keys) if (of(all, key) !== "b") expect(of(left, key)).toBe(of(all, key));
  });
});
