import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { alive, processId, self } from "../../stack/process-id.ts";

describe("the identity of a process", () => {
  it("is alive while the process is", async () => {
    const child = spawn("sleep", ["60"]);
    const id = processId(child.pid ?? 0);
    expect(id !== undefined && alive(id)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(id !== undefined && alive(id)).toBe(false);
    expect(processId(child.pid ?? 0)).toBeUndefined();
  });

  it("is not that of another process that got its number", () => {
    expect(alive({ ...self(), startTime: "1" })).toBe(false);
  });
});
