import { Command } from "commander";
import { vi } from "vitest";
import type { Context } from "../../cli/context.ts";

/**
 * Runs a command against an API that answers every call as `api` does: method, and path with query.
 * Resolves with what was printed as JSON, and how the command was refused.
 */
export async function answered(
  commands: (program: Command, context: Context) => void,
  line: readonly string[],
  api: (method: string, path: string) => unknown,
) {
  let printed = "";
  const context: Context = {
    api: () => "http://prism",
    token: () => "token",
    write: (text) => {
      printed += text;
    },
    warn: () => {},
  };
  vi.stubGlobal("fetch", async (url: string, { method }: { method: string }) =>
    Response.json(api(method, url.replace("http://prism/api/v1", ""))),
  );
  const program = new Command().exitOverride();
  commands(program, context);
  try {
    const refusal = await program.parseAsync([...line, "-o", "json"], { from: "user" }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    return { printed: JSON.parse(printed) as unknown, refusal };
  } finally {
    vi.unstubAllGlobals();
  }
}
