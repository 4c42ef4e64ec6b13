import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** What a test file has opened is closed after its last test, newest first. */
export const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

/** A folder of this test file alone. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "prism-proxy-"));
  opened.defer(() => rm(path, { recursive: true, force: true }));
  return path;
}
