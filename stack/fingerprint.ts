import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./instance.ts";
import type { Environment } from "./lookup.ts";

const sources = [
  ...["activities", "api", "backends", "control", "domain", "eventstore", "portal", "proto", "proxy"],
  ...["runtime", "sdk", "workflows", "package-lock.json"],
];

/**
 * What a process was started from: its code and what it was told. One whose fingerprint has
 * changed is not the one that would be started now, so it is not taken for it.
 */
export function fingerprint(environment: Environment): string {
  const hash = createHash("sha256");
  const told = Object.entries(environment).filter(([name]) => name.startsWith("PRISM_"));
  for (const [name, value] of told.sort()) hash.update(`${name}=${value}\n`);
  for (const source of sources) hash.update(changes(join(checkout, source)));
  return hash.digest("hex").slice(0, 16);
}

function changes(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "";
  if (!found.isDirectory()) return `${path} ${found.size} ${found.mtimeMs}\n`;
  const entries = readdirSync(path).filter((entry) => entry !== "node_modules");
  return entries
    .sort()
    .map((entry) => changes(join(path, entry)))
    .join("");
}
