import SwaggerParser from "@apidevtools/swagger-parser";
import { describe, expect, it } from "vitest";
import { httpStatus } from "../../api/http-errors.ts";
import { errorCodes, PrismError } from "../../domain/errors.ts";
import { described } from "./described.ts";

describe("the API's description", () => {
  it("is a valid OpenAPI document", async () => {
    const server = (await described()).server;
    const document = JSON.parse(JSON.stringify(server.swagger())) as never;
    const checked = await SwaggerParser.validate(document);
    expect(Object.keys(checked.paths ?? {}).sort()).toEqual([
      "/api/v1/audit",
      "/api/v1/audit/verify",
      "/api/v1/backends",
      "/api/v1/drift",
      "/api/v1/events",
      "/api/v1/namespaces",
      "/api/v1/namespaces/{ns}",
      "/api/v1/namespaces/{ns}/access",
      "/api/v1/namespaces/{ns}/endpoints",
      "/api/v1/namespaces/{ns}/history",
      "/api/v1/namespaces/{ns}/move",
      "/api/v1/namespaces/{ns}/plan",
      "/api/v1/namespaces/{ns}/relay/rewind",
      "/api/v1/namespaces/{ns}/replay",
      "/api/v1/operations",
      "/api/v1/operations/{id}",
      "/api/v1/operations/{id}/abandon",
      "/api/v1/operations/{id}/approve",
      "/api/v1/operations/{id}/cancel",
      "/api/v1/operations/{id}/events",
      "/api/v1/operations/{id}/reject",
      "/api/v1/operations/{id}/retry",
      "/api/v1/plans",
      "/api/v1/proxies",
      "/api/v1/proxies/{proxy}/drain",
      "/api/v1/proxies/{proxy}/evict",
      "/api/v1/proxies/{proxy}/resume",
      "/api/v1/reconcile",
      "/api/v1/shards",
      "/api/v1/shards/{shard}",
      "/api/v1/shards/{shard}/drain",
      "/api/v1/teams",
      "/api/v1/teams/{team}",
      "/healthz",
      "/metrics",
      "/readyz",
    ]);
  });

  it("says of every operation what it is for and how it fails", async () => {
    const server = (await described()).server;
    const document = server.swagger() as {
      paths: Record<string, Record<string, { summary?: string; responses?: object }>>;
    };
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const operation of Object.values(operations)) {
        expect(operation.summary, path).toBeTruthy();
        if (path.startsWith("/api/"))
          expect(Object.keys(operation.responses ?? {}), path).toEqual(
            expect.arrayContaining(["4XX", "5XX"]),
          );
      }
    }
  });

  it.each([["POST", "/api/v1/namespaces/x/try/publish"]] as const)(
    "%s %s refuses until it is built",
    async (method, url) => {
      const server = (await described()).server;
      const answer = await server.inject({ method, url });
      expect(answer.statusCode).toBe(501);
      expect(answer.json()).toMatchObject({
        error: { code: "UNIMPLEMENTED", details: { missing: expect.any(String) } },
      });
    },
  );

  it("has a status for every code", () =>
    expect(Object.keys(httpStatus).sort()).toEqual([...errorCodes].sort()));

  it("answers a stray path and a wrong query in the one shape of errors", async () => {
    const server = (await described()).server;
    expect((await server.inject("/nowhere")).json()).toMatchObject({ error: { code: "NOT_FOUND" } });
    const wrong = await server.inject("/api/v1/namespaces?limit=0");
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json()).toMatchObject({
      error: { code: "INVALID_CONFIGURATION", details: { field: "limit" } },
    });
  });

  it("tells nobody who is not signed in what is wrong with their question", async () => {
    const { server, routes } = await described(() => {
      throw new PrismError("UNAUTHENTICATED", "not signed in: a bearer token is needed");
    });
    const guarded = routes.filter((route) => route.includes(" /api/v1/"));
    expect(guarded.length).toBeGreaterThan(25);
    for (const route of guarded) {
      const [method = "", url = ""] = route.split(" ");
      const answer = await server.inject({ method: method as "GET", url: `${url}?limit=x&after=x&as_of=x` });
      expect([route, answer.statusCode]).toEqual([route, 401]);
    }
  });

  it("refuses in the one shape of errors what no route ever sees", async () => {
    const { server } = await described();
    for (const path of [`operations/${"x".repeat(600)}`, "namespaces?cursor=%00", "teams/%ff"]) {
      const answer = await server.inject(`/api/v1/${path}`);
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ error: { code: "INVALID_CONFIGURATION" } });
    }
  });
});
