import { describe, expect, it } from "vitest";
import { figures, soaking } from "../eventstore/soaking.ts";
import { type Planted, planted } from "./cells.ts";
import { stage } from "./stage.ts";

// Each takes processes of its own, of sources with a fault in them: all of them are `npm run soak`'s.
const quick = ["cancel after the pivot"];
const asked = process.env["PRISM_FAULTS"]?.split(",");
const tried = Object.entries(planted).filter(
  ([fault]) => asked?.includes(fault) ?? (soaking || quick.includes(fault)),
);

describe("a fault planted in the protocol does its harm on real processes, where it is seen", () => {
  it.each(tried)(
    "%s",
    async (fault, one) => {
      const harm = await seen(one);
      figures(`${fault}: ${harm.join(", ")}`);
      expect(harm).not.toEqual([]);
    },
    900_000,
  );
});

/** What comes down to moments may come late on a busy machine: a fault has three tries to show. */
async function seen({ patches, cell }: Planted): Promise<readonly string[]> {
  for (let tries = 3; tries > 0; tries--) {
    const own = await stage(patches);
    const harm = await cell(own).finally(() => own.close());
    if (harm.length > 0) return harm;
  }
  return [];
}
