import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A change of one place in the source: `from` must stand there exactly once. */
export type Patch = { readonly file: string; readonly from: string; readonly to: string };

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The event store's own source in a folder of its own, changed by `patches`; gone after `remove`. */
export async function faultyCopy(patches: readonly Patch[]) {
  const folder = await mkdtemp(join(tmpdir(), "prism-fault-"));
  for (const name of ["domain", "eventstore"])
    await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  for (const { file, from, to } of patches) {
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
  const load = (file: string) => import(/* @vite-ignore */ join(folder, file));
  return {
    postgresEventStore: (await load("eventstore/postgres/postgres.ts")).postgresEventStore,
    projections: (await load("eventstore/runner.ts")).projections,
    remove: () => rm(folder, { recursive: true }),
  };
}
