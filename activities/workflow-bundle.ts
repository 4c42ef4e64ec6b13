import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleWorkflowCode, type Logger, type WorkflowBundleOption } from "@temporalio/worker";

const root = join(import.meta.dirname, "..");

/**
 * The workflows as Temporal runs them, in one piece. Bundling takes seconds: with a `cache` (a
 * folder) it is done once for this very source, and later workers of the machine load the file.
 */
export async function workflowBundle(
  cache: string | undefined,
  logger: Logger,
): Promise<WorkflowBundleOption> {
  const bundle = () => bundleWorkflowCode({ workflowsPath: join(root, "workflows", "index.ts"), logger });
  if (cache === undefined) return bundle();
  const codePath = join(cache, `${await fingerprint()}.cjs`);
  if (!existsSync(codePath)) {
    await mkdir(cache, { recursive: true });
    await forget(cache);
    // Appears whole: another worker may look for it at this moment.
    const draft = `${codePath}.${randomUUID()}`;
    await writeFile(draft, (await bundle()).code);
    await rename(draft, codePath);
  }
  return { codePath };
}

/** What a bundle is made of: the workflows, the part of the domain they use, and Temporal's own code. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256").update(await readFile(join(root, "package-lock.json")));
  for (const folder of ["workflows", "domain"]) {
    const files = (await readdir(join(root, folder), { recursive: true })).filter((file) =>
      file.endsWith(".ts"),
    );
    for (const file of files.sort()) hash.update(file).update(await readFile(join(root, folder, file)));
  }
  return hash.digest("hex").slice(0, 32);
}

const keptMs = 7 * 24 * 3_600_000;

async function forget(cache: string): Promise<void> {
  for (const file of await readdir(cache)) {
    const path = join(cache, file);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > keptMs) await rm(path, { force: true });
  }
}
