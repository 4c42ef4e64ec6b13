import type { Size } from "./backend.ts";
import type { Command } from "./redis-connection.ts";
import type { Timed } from "./timed.ts";

const page = 1_000;
/** Redis knows no prefixes: a look for one goes through the keys of all. So many pages of them, at most. */
const mostPages = 50;
/** Keys whose memory is asked for; what the others take is their mean. */
const mostAsked = 200;

/**
 * Memory of the keys that match. SCAN goes by the hash of a key, so that the pages of a look that ends early
 * are a fair sample of all there is.
 */
export async function memoryOf(command: Command, pattern: string, timed: Timed): Promise<Size> {
  const { keys, share } = await matching(command, pattern, timed);
  const step = Math.max(1, Math.ceil(keys.length / mostAsked));
  const asked = keys.filter((_, index) => index % step === 0);
  const usages = await Promise.all(
    asked.map((key) => command("say what a key takes", timed, "MEMORY", "USAGE", key)),
  );
  const bytes = usages.reduce<number>((sum, usage) => sum + Number(usage ?? 0), 0);
  const ofAll = asked.length === 0 ? 0 : (bytes / asked.length) * keys.length;
  return { bytes: Math.round(ofAll / share), estimated: share < 1 || asked.length < keys.length };
}

/** `share`: which part of all keys was gone through. */
async function matching(
  command: Command,
  pattern: string,
  timed: Timed,
): Promise<{ readonly keys: readonly string[]; readonly share: number }> {
  const found = new Set<string>();
  let cursor = "0";
  for (let pages = 1; pages <= mostPages; pages++) {
    const scan = ["SCAN", cursor, "MATCH", pattern, "COUNT", page] as const;
    const [next, keys] = (await command("list keys", timed, ...scan)) as [string, string[]];
    for (const key of keys) found.add(key);
    if (next === "0") return { keys: [...found], share: 1 };
    cursor = next;
  }
  const all = Number(await command("count its keys", timed, "DBSIZE"));
  return { keys: [...found], share: Math.min(1, (mostPages * page) / Math.max(1, all)) };
}
