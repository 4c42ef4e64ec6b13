import { tmpdir } from "node:os";
import { join } from "node:path";

process.env.PRISM_PROPERTY_RUNS ??= "20";

/** `npm run mutation`: what the domain's tests would not notice. docs/testing.md tells what came of it. */
export default {
  mutate: ["domain/**/*.ts"],
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  // It rewrites this file with TypeScript's own interface, which TypeScript 7 no longer has.
  tsconfigFile: "none",
  // A machine with other work must not turn a slow test into a killed mutant.
  timeoutMS: 20_000,
  dryRunTimeoutMinutes: 15,
  concurrency: 1,
  tempDirName: join(tmpdir(), `prism-mutation-${process.pid}`),
  cleanTempDir: "always",
  reporters: ["progress-append-only", "clear-text", "json"],
  jsonReporter: { fileName: join(tmpdir(), "prism-mutation.json") },
  clearTextReporter: { allowColor: false, logTests: false },
  thresholds: { high: 90, low: 85, break: 85 },
};
