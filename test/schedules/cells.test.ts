import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkout } from "../../stack/instance.ts";
import { planted } from "./cells.ts";

// `npm test` plays two of the faults: the others are to be found where they are planted all the same.
it.each(Object.entries(planted))("%s: stands once where it is planted", (_, { patches }) => {
  for (const { file, from } of patches) {
    expect(readFileSync(join(checkout, file), "utf8").split(from)).toHaveLength(2);
  }
});
