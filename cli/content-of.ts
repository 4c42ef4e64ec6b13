import { readFile } from "node:fs/promises";
import { UsageError } from "./usage-error.ts";

/** What a file that was named on the command line holds; one that cannot be read is wrong usage. */
export async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
}
