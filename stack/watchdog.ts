import type { Instance } from "./instance.ts";
import type { ProcessId } from "./process-id.ts";
import { stackDown } from "./stack-down.ts";

/**
 * Waits for its owner to end, however it ends, and stops what was started for it.
 *
 * The owner holds the other end of standard input; the kernel closes that even when the
 * owner is killed. An owner that ended in order has stopped everything itself by then.
 */
const [instance, owner] = process.argv.slice(2).map((text) => JSON.parse(text)) as [Instance, ProcessId];

// The owner's terminal is not ours to be interrupted by.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => undefined);

process.stdin.resume();
process.stdin.once("end", async () => {
  await stackDown({ instance, environment: process.env, ownedBy: owner, purge: instance.temporary });
  process.exit(0);
});
