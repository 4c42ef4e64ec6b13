import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

// Takes over a lock, and is held up where its file comes into its place: until there is a file `go`.
const [file = "", go = ""] = process.argv.slice(2);
const { renameSync } = fs;
const clock = new Int32Array(new SharedArrayBuffer(4));
fs.renameSync = (from, to) => {
  fs.writeSync(1, "renames\n");
  while (!fs.existsSync(go)) Atomics.wait(clock, 0, 0, 10);
  renameSync(from, to);
};
syncBuiltinESMExports();
const { locked } = await import("../../stack/lock.ts");

await locked(file, async () => {
  fs.writeSync(1, "inside\n");
  await pause(200);
  fs.writeSync(1, "outside\n");
});
