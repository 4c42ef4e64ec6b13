import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkout } from "../../stack/instance.ts";
import { queueFaults } from "../proxy/queue-faults.ts";
import { planted } from "./cells.ts";

const faults = [
  ...Object.entries(planted).map(([fault, { patches }]) => ({ fault, patches })),
  ...Object.entries(queueFaults).map(([fault, { patch }]) => ({ fault, patches: [patch] })),
];

// `npm test` plays some of the faults: the others are to be found where they are planted all the same.
it.each(faults)("$fault: stands once where it is planted", ({ patches }) => {
  for (const { file, from } of patches) {
    expect(readFileSync(join(checkout, file), "utf8").split(from)).toHaveLength(2);
  }
});
