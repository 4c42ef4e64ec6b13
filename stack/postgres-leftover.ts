import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { processId } from "./process-id.ts";
import { stopProcess } from "./stop-process.ts";

/**
 * Makes a data folder free to start on. A server that outlived the record of it is shut
 * down; a `postmaster.pid` whose process is gone, or whose number now belongs to somebody
 * else, is removed: Postgres itself would take that stranger for a postmaster.
 */
export async function endLeftover(data: string): Promise<void> {
  const file = join(data, "postmaster.pid");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const id = processId(Number(text.split("\n")[0]));
  if (id !== undefined && (await isPostmasterOf(id.pid, data))) await stopProcess(id, ["SIGINT", "SIGQUIT"]);
  await rm(file, { force: true });
}

async function isPostmasterOf(pid: number, data: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.split("\0").includes(data);
}
