import { describe, expect, it } from "vitest";
import { auditCommands } from "../../cli/audit.ts";
import { namespaceCommands } from "../../cli/namespace.ts";
import { operationCommands } from "../../cli/operation.ts";
import { teamCommands } from "../../cli/team.ts";
import { answered } from "./answered.ts";

/** Three pages of one each; what was asked for stays so from page to page. */
const pages = (_: string, path: string) => {
  const query = new URL(path, "http://prism").searchParams;
  const page = Number(query.get("cursor") ?? 1);
  return { items: [{ page, state: query.get("state") }], next_cursor: page < 3 ? String(page + 1) : null };
};

describe("a list of the command line", () => {
  it.each([
    ["operation", operationCommands],
    ["namespace", namespaceCommands],
    ["team", teamCommands],
    ["audit", auditCommands],
  ])("%s shows all pages", async (noun, commands) => {
    const { printed } = await answered(commands, [noun, "list"], pages);
    expect(printed).toMatchObject([{ page: 1 }, { page: 2 }, { page: 3 }]);
  });

  it("asks each page for the same", async () => {
    const { printed } = await answered(operationCommands, ["operation", "list", "--state", "running"], pages);
    expect(printed).toMatchObject(Array(3).fill({ state: "running" }));
  });

  it.each([[[]], [["--archived"]]])("of a long history shows all of it: %j", async (options) => {
    const positions = Array.from({ length: 2_100 }, (_, at) => String(at + 1));
    const history = (_: string, path: string) => {
      const query = new URL(path, "http://prism").searchParams;
      const from = Number(query.get("after") ?? 0);
      const limit = Number(query.get("limit") ?? 100);
      return { items: positions.slice(from, from + limit).map((position) => ({ position })), archives: [] };
    };
    const line = ["namespace", "history", "orders", "--after", "10", ...options];
    const { printed } = await answered(namespaceCommands, line, history);
    const shown = Array.isArray(printed) ? printed : (printed as { items: unknown[] }).items;
    expect(shown).toEqual(positions.slice(10).map((position) => ({ position })));
  });
});
