import { readFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { httpStatus } from "../../api/http-errors.ts";
import { errorCodes, isErrorCode, PrismError, unreachable } from "../../domain/errors.ts";
import { grpcStatus } from "../../proxy/grpc-error.ts";

/** The rows of the table in `docs/errors.md`. */
const documented = readFileSync("docs/errors.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .map(([code = "", http = "", grpc = "", acts = "", when = "", cure = ""]) => ({
    code: code.replaceAll("`", ""),
    http,
    grpc,
    acts,
    when,
    cure,
  }));

describe("docs/errors.md", () => {
  it("lists every code there is, once, and no other", () => {
    expect(documented.map(({ code }) => code)).toEqual([...errorCodes]);
  });

  it.each(documented)(
    "says of $code who acts, when it comes and what cures it",
    ({ code, http, grpc, acts, when, cure }) => {
      if (!isErrorCode(code)) throw new Error(`${code} is no code`);
      expect(acts).toBe(new PrismError(code, "").advice);
      if (http !== "–") expect(Number(http)).toBe(httpStatus[code]);
      expect(grpc).toBe(status[grpcStatus(new PrismError(code, "")).code]);
      expect(when).toMatch(/\w+/);
      expect(cure).toMatch(/\w+/);
    },
  );
});

describe("an error of ours", () => {
  it("is told from others by its name, code and details", () => {
    const error = new PrismError("NOT_FOUND", "it is not there", { details: { field: "namespace" } });
    expect(error).toBeInstanceOf(Error);
    expect(error.toString()).toBe("PrismError: it is not there");
    expect(error).toMatchObject({ code: "NOT_FOUND", advice: "fix", details: { field: "namespace" } });
    expect(new PrismError("WAL_FULL", "")).toMatchObject({ advice: "wait", details: {} });
  });

  it("keeps its cause, and has none where there was none", () => {
    const cause = new Error("the disk is full");
    expect(new PrismError("INTERNAL", "cannot write", { cause }).cause).toBe(cause);
    expect(new PrismError("INTERNAL", "cannot write", { cause: null }).cause).toBeNull();
    expect("cause" in new PrismError("INTERNAL", "cannot write")).toBe(false);
  });

  it("has one of the codes there are, and nothing else is one", () => {
    expect(isErrorCode("NOT_FOUND")).toBe(true);
    for (const other of ["not_found", "", "toString", undefined, 404, ["NOT_FOUND"]])
      expect(isErrorCode(other)).toBe(false);
  });

  it("says what was not expected", () =>
    expect(() => unreachable({ type: "Nonsense" } as never)).toThrow(
      expect.objectContaining({ code: "INTERNAL", message: 'unexpected value {"type":"Nonsense"}' }),
    ));
});
