import { writeFileSync } from "node:fs";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with the plain line `N passed, N failed`, which CI reads, and writes it to the
 * file named by PRISM_TALLY_FILE. What broke outside a test counts as failed: a file that
 * could not be loaded, a hook, an error nobody caught.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const results = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const passed = results.filter((state) => state === "passed").length;
    const failed = results.filter((state) => state === "failed").length;
    const places = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = places.flatMap((place) => place.errors()).length + errors.length;
    const line = `${passed} passed, ${failed + broken} failed\n`;
    process.stdout.write(`\n${line}`);
    const file = process.env["PRISM_TALLY_FILE"];
    if (file !== undefined && file !== "") writeFileSync(file, line);
  }
}
