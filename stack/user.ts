import { constants } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { User } from "./server.ts";

/** Whom Postgres runs as, which refuses to be root: nobody else's business when we are not root. */
export async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const [name, , uid, gid] = lines.find(([name]) => name === wanted) ?? [];
    if (name !== undefined && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("Postgres does not run as root, and there is neither a user 'postgres' nor 'nobody'");
}

/** Whether the user may walk into the folder, judged by the folders above it that exist. */
export async function reachable(folder: string, { uid, gid }: User): Promise<boolean> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found !== undefined) {
      const { S_IXUSR, S_IXGRP, S_IXOTH } = constants;
      const bit = found.uid === uid ? S_IXUSR : found.gid === gid ? S_IXGRP : S_IXOTH;
      if ((found.mode & bit) === 0) return false;
    }
    if (at === dirname(at)) return true;
  }
}
