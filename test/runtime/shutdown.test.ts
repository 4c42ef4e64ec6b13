import { EventEmitter } from "node:events";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { endOnUnexpected } from "../../runtime/shutdown.ts";

/** A process, what it has logged, and how it has ended. */
function started() {
  const lines: Record<string, unknown>[] = [];
  const exits: (number | undefined)[] = [];
  const of = Object.assign(new EventEmitter(), { exit: (code?: number) => void exits.push(code) });
  endOnUnexpected(pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }), of);
  return { of, lines, exits };
}

describe("what nobody has expected", () => {
  it.each(["unhandledRejection", "uncaughtException"])("is logged and ends the process (%s)", (event) => {
    const { of, lines, exits } = started();
    of.emit(event, new URIError("URI malformed"));
    expect(lines).toMatchObject([{ level: 60, err: { type: "URIError", message: "URI malformed" } }]);
    expect(exits).toEqual([1]);
  });

  it("is told also where it is no error", () => {
    const { of, lines, exits } = started();
    of.emit("unhandledRejection", "why");
    expect(lines).toMatchObject([{ err: { message: "why" } }]);
    expect(exits).toEqual([1]);
  });
});
