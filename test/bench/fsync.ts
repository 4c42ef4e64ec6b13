import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const block = Buffer.alloc(8 * 1_024);
const blocks = 64;
const syncs = 300;

/** How long the disk takes to keep a block that it has room for already, as a database's log does: sorted, in milliseconds. */
export function fsyncMs(): Float64Array {
  const folder = mkdtempSync(join(tmpdir(), "prism-fsync-"));
  const file = openSync(join(folder, "log"), "w");
  try {
    for (let at = 0; at < blocks; at++) writeSync(file, block, 0, block.length, at * block.length);
    fdatasyncSync(file);
    return Float64Array.from({ length: syncs }, (_, at) => {
      writeSync(file, block, 0, block.length, (at % blocks) * block.length);
      const begun = performance.now();
      fdatasyncSync(file);
      return performance.now() - begun;
    }).sort();
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}
