import { Command } from "commander";
import { vi } from "vitest";
import type { Context } from "../../cli/context.ts";

/**
 * Runs a command against an API that answers every call as `api` does: method, path with query, and headers.
 * Resolves with what was printed as JSON, what was said beside that, and how the command was refused.
 */
export async function answered(
  commands: (program: Command, context: Context) => void,
  line: readonly string[],
  api: (method: string, path: string, headers: Headers) => unknown,
) {
  let printed = "";
  let said = "";
  const context: Context = {
    api: () => "http://prism",
    token: () => "token",
    write: (text) => {
      printed += text;
    },
    warn: (text) => {
      said += text;
    },
  };
  vi.stubGlobal("fetch", async (url: string, { method = "GET", headers }: RequestInit) => {
    const answer = api(method, url.replace("http://prism/api/v1", ""), new Headers(headers));
    return answer instanceof Response ? answer : Response.json(answer);
  });
  const program = new Command().exitOverride();
  commands(program, context);
  try {
    const printing = program.commands.some(({ commands }) => commands.length > 0) ? ["-o", "json"] : [];
    const error = await program.parseAsync([...line, ...printing], { from: "user" }).then(
      () => undefined,
      (failure: Error) => failure,
    );
    return {
      printed: printed === "" ? undefined : (JSON.parse(printed) as unknown),
      said,
      error,
      refusal: error?.message,
    };
  } finally {
    vi.unstubAllGlobals();
  }
}
