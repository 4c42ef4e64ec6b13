import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const isProperty = ({ moduleId }: TestSpecification) => readFileSync(moduleId, "utf8").includes("fast-check");

/** A mutant is done with at the first test that notices it: what compares most goes first, what tries most last. */
class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const slowness = (file: TestSpecification) =>
      isProperty(file) ? 2 : file.moduleId.includes("/pinned-") ? 0 : 1;
    return files.toSorted((a, b) => slowness(a) - slowness(b));
  }
}

/** The domain's tests alone; they share nothing they could break, so that their modules need loading only once. */
export default defineConfig({
  test: {
    include: ["test/domain/**/*.test.ts"],
    setupFiles: ["test/mutation/load.ts"],
    isolate: false,
    sequence: { sequencer: QuickestFirst },
  },
});
