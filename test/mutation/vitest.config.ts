import { defineConfig } from "vitest/config";

/** The domain's tests alone; they share nothing they could break, so that their modules need loading only once. */
export default defineConfig({
  test: { include: ["test/domain/**/*.test.ts"], isolate: false },
});
