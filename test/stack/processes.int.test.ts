import { afterAll, describe, expect, inject, it } from "vitest";
import { purge, temporaryInstance } from "../../stack/instance.ts";
import { startProcesses } from "../../stack/processes.ts";
import { stackDown } from "../../stack/stack-down.ts";
import { readState } from "../../stack/state.ts";
import { ownEnvironment } from "./own-environment.ts";

describe("Prism's own processes", () => {
  const instance = temporaryInstance();
  const environment = {
    ...ownEnvironment(),
    ...inject("environment"),
    PRISM_TASK_QUEUE: "test-stack-processes",
  };
  afterAll(() => stackDown({ instance, environment, purge: true }));

  it("are found by a second call while nothing has changed, and started anew when it has", async () => {
    const first = await startProcesses({ instance, environment, names: ["worker"] });
    const pid = readState(instance).processes["worker"]?.process?.pid;
    await startProcesses({ instance, environment, names: ["worker"] });
    expect(readState(instance).processes["worker"]?.process?.pid).toBe(pid);

    await first.start("worker", { PRISM_LOG_LEVEL: "warn" });
    expect(readState(instance).processes["worker"]?.process?.pid).not.toBe(pid);
    await first.stop("worker");
    expect(first.running("worker")).toBe(false);
  });

  it("tell of a death nobody asked for, with the end of the log, and of no other", async () => {
    const deaths: string[] = [];
    const died = (name: string, how: string) => deaths.push(`${name}: ${how}`);
    const processes = await startProcesses({ instance, environment, names: ["worker"], died });
    process.kill(readState(instance).processes["worker"]?.process?.pid ?? 0, "SIGKILL");
    await expect.poll(() => deaths).toEqual([expect.stringMatching(/^worker: SIGKILL\n.*whole log: /s)]);

    await processes.start("worker");
    await processes.stop("worker", "SIGKILL");
    expect(deaths).toHaveLength(1);
  });
});

describe("a process that cannot start", () => {
  it("is told with what it wrote", async () => {
    const instance = temporaryInstance();
    const starting = startProcesses({ instance, environment: ownEnvironment(), names: ["proxy"] });
    await expect(starting).rejects.toThrow(/^proxy did not become ready: it ended: exit code 1\n.*PRISM_/s);
    purge(instance);
  });
});
