import { defineConfig } from "vitest/config";

const setup = "test/setup/servers.ts";

/** By suffix: what needs no server runs without; the others share one stack, started for the run. */
export default defineConfig({
  test: {
    // One more than two cores: most files wait for servers, leases and timeouts much of their time.
    maxWorkers: 3,
    // Of tests that say they may run side by side: they wait for servers, not for the cores.
    maxConcurrency: 20,
    teardownTimeout: 60_000,
    // Nobody may rely on how fast a machine is that others use too.
    expect: { poll: { timeout: 30_000 } },
    reporters: ["default", "./test/setup/tally-reporter.ts"],
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["**/*.{int,e2e}.test.ts"],
          // Fast, but not on a machine that others use too.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "servers",
          include: ["test/**/*.int.test.ts"],
          globalSetup: setup,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/**/*.e2e.test.ts"],
          globalSetup: setup,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
