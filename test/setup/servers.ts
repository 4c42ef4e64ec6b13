import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { cacheFolder } from "../../stack/cache.ts";
import { temporaryInstance } from "../../stack/instance.ts";
import { whenOrphaned } from "../../stack/orphaned.ts";
import { progress } from "../../stack/progress.ts";
import { type Stack, stackUp } from "../../stack/stack.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The addresses of the servers of this run, as Prism's processes are told them. */
    environment: Record<string, string>;
  }
}

declare global {
  var prismTestStack: Promise<Stack> | undefined;
}

/**
 * Servers of the run's own, shared by all files; those whose URL is already in the
 * environment are used instead. Nothing skips: a server that does not come up fails the run.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  globalThis.prismTestStack ??= start();
  const stack = await globalThis.prismTestStack;
  Object.assign(process.env, stack.environment);
  // For tests and all that they start: a process of Prism is then up with half of the work.
  process.env["NODE_COMPILE_CACHE"] ??= join(cacheFolder(process.env), "..", "compiled");
  project.provide("environment", { ...stack.environment });
  return () => stack.close();
}

async function start(): Promise<Stack> {
  // The watchdog then stops the servers.
  whenOrphaned(process.env, () => process.exit(143));
  const lines = progress();
  try {
    const environment = { ...process.env };
    const stack = await stackUp({ environment, instance: temporaryInstance(), owned: true, progress: lines });
    await stack.settled;
    await Promise.all(stack.wanted.map((name) => stack.ready(name)));
    return stack;
  } finally {
    lines.close();
  }
}
