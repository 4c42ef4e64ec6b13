import { globSync } from "node:fs";
import { resolve } from "node:path";

// A mutant that keeps a file from being loaded fails every test file here, at once, and not only those
// that import it after the others have run.
for (const file of globSync("domain/**/*.ts")) await import(resolve(file));
