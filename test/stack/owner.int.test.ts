import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Instance, temporaryInstance } from "../../stack/instance.ts";
import { processId } from "../../stack/process-id.ts";
import { readState } from "../../stack/state.ts";
import { ownEnvironment } from "./own-environment.ts";

/** Brings one server up for itself, says so, and stays. */
const owner = (instance: Instance) => `
  import { stackUp } from ${JSON.stringify(join(import.meta.dirname, "..", "..", "stack", "stack.ts"))};
  const instance = ${JSON.stringify(instance)};
  await stackUp({ environment: process.env, instance, wanted: ["nats"], needed: ["nats"], owned: true });
  console.log("up");
  setInterval(() => undefined, 1000);
`;

describe("what was started for a process", () => {
  it("ends with it, also when it is killed", async () => {
    const instance = temporaryInstance();
    const args = ["--input-type=module-typescript", "--eval", owner(instance)];
    const child = spawn(process.execPath, args, {
      env: { ...ownEnvironment() },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const pid = readState(instance).servers["nats"]?.process?.pid ?? 0;
    expect(processId(pid)).toBeDefined();

    child.kill("SIGKILL");
    while (processId(pid) !== undefined || existsSync(instance.folder)) await sleep(50);
  });
});
