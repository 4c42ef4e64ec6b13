import { join } from "node:path";
import { copy, type Patch } from "../setup/copy.ts";

/** The event store's own source, changed by `patches` and loaded; gone after `remove`. */
export async function faultyCopy(patches: readonly Patch[]) {
  const { folder, remove } = await copy(patches, ["domain", "eventstore", "package.json"]);
  const load = (file: string) => import(/* @vite-ignore */ join(folder, file));
  return {
    postgresEventStore: (await load("eventstore/postgres/postgres.ts")).postgresEventStore,
    projections: (await load("eventstore/runner.ts")).projections,
    remove,
  };
}
