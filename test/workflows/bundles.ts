import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from "@temporalio/worker";
import { workflowBundle } from "../../activities/workflow-bundle.ts";
import { cacheFolder } from "../../stack/cache.ts";

const root = join(import.meta.dirname, "..", "..");
const logger = new DefaultLogger("ERROR");

/** The workflows as they are: bundled once for this source, as for the workers of a stack. */
export async function bundled(): Promise<WorkflowBundle> {
  const bundle = await workflowBundle(join(cacheFolder(process.env), "..", "workflows"), logger);
  return "code" in bundle ? bundle : { code: readFileSync(bundle.codePath, "utf8") };
}

/** The workflows as the next deployment might have them: with one piece of text for another in one file. */
export async function bundledWith(file: string, before: string, after: string): Promise<WorkflowBundle> {
  const copy = mkdtempSync(join(tmpdir(), "prism-workflows-"));
  try {
    cpSync(join(root, "workflows"), join(copy, "workflows"), { recursive: true });
    for (const name of ["activities", "domain", "node_modules", "package.json"]) {
      symlinkSync(join(root, name), join(copy, name));
    }
    const path = join(copy, "workflows", file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(before)) throw new Error(`${file} has no such text: ${before}`);
    writeFileSync(path, text.replace(before, after));
    return await bundleWorkflowCode({ workflowsPath: join(copy, "workflows", "index.ts"), logger });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
