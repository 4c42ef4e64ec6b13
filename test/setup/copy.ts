import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout } from "../../stack/instance.ts";

/** A change of one place in the source: `from` must stand there exactly once. */
export type Patch = { readonly file: string; readonly from: string; readonly to: string };

/** All that Prism's processes run. */
const everything = [
  ...["activities", "api", "backends", "control", "domain", "eventstore", "proto", "proxy", "runtime", "sdk"],
  ...["stack", "workflows", "package.json", "package-lock.json"],
] as const;

/** The source in a folder of its own, changed by `patches`; gone after `remove`. */
export async function copy(patches: readonly Patch[], parts: readonly string[] = everything) {
  const folder = await mkdtemp(join(tmpdir(), "prism-copy-"));
  for (const name of parts) await cp(join(checkout, name), join(folder, name), { recursive: true });
  await symlink(join(checkout, "node_modules"), join(folder, "node_modules"));
  for (const patch of patches) await plant(folder, patch);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function plant(folder: string, { file, from, to }: Patch): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, "utf8");
  const places = text.split(from).length - 1;
  if (places !== 1)
    throw new Error(`'${from}' stands ${places} times in ${file}: the fault cannot be planted`);
  await writeFile(
    path,
    text.replace(from, () => to),
  );
}
