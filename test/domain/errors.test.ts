import { readFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { httpStatus } from "../../api/http-errors.ts";
import { errorCodes, isErrorCode, PrismError } from "../../domain/errors.ts";
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
