import { describe, expect, it } from "vitest";
import { PrismError } from "../../domain/errors.ts";
import { described } from "./described.ts";

const ask = async (method: string, url: string, nobody = false) => {
  const refuse = async (): Promise<never> => {
    throw new PrismError("UNAUTHENTICATED", "not signed in");
  };
  const { server } = await described(nobody ? refuse : undefined);
  const answer = await server.inject({ method: method as "GET", url });
  return { status: answer.statusCode, allow: answer.headers["allow"], code: answer.json().error.code };
};

describe("a path that takes other methods", () => {
  it.each([
    ["PUT", "/api/v1/namespaces", "GET, HEAD, POST"],
    ["POST", "/api/v1/namespaces/orders", "DELETE, GET, HEAD, PATCH"],
    ["DELETE", "/api/v1/teams/payments-team", "GET, HEAD, PUT"],
    ["GET", "/api/v1/operations/1/cancel", "POST"],
    ["PATCH", "/api/v1/plans?x=1", "POST"],
    ["QUERY", "/api/v1/audit/", "GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
    ["QUERY", "/metrics", "GET, HEAD"],
  ])("%s %s is told which", async (method, url, allow) =>
    expect(await ask(method, url)).toEqual({ status: 405, allow, code: "METHOD_NOT_ALLOWED" }),
  );

  it("says so to those who are signed in alone", async () =>
    expect(await ask("PUT", "/api/v1/namespaces", true)).toMatchObject({ status: 401, allow: undefined }));
});

it.each([
  ["GET", "/api/v1/namespace"],
  ["GET", "/api/v1/namespaces/a/b/c"],
  ["POST", "/nowhere"],
  ["GET", "/api/v2/namespaces"],
])("%s %s is nowhere", async (method, url) =>
  expect(await ask(method, url)).toEqual({ status: 404, allow: undefined, code: "NOT_FOUND" }),
);
