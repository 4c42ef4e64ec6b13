import { execFile } from "node:child_process";
import { join, resolve } from "node:path";

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

const checkoutRoot = resolve(import.meta.dirname, "../..");

/** Runs `prism …` as a user does, against this API and with this token. */
export const runPrism = (api: string, token: string, args: readonly string[]): Promise<Ran> =>
  new Promise((done) => {
    const env = { ...process.env, PRISM_API_URL: api, PRISM_TOKEN: token };
    execFile(
      process.execPath,
      [join(checkoutRoot, "cli/main.ts"), ...args],
      { cwd: checkoutRoot, env },
      (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
