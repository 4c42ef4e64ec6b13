import { describe, expect, it } from "vitest";
import { auditLog } from "../../api/audit-log.ts";
import { auditing } from "../../api/auditing.ts";
import { httpStatus } from "../../api/http-errors.ts";
import { httpServer } from "../../api/http-server.ts";
import type { CallAnswered } from "../../domain/calls/events.ts";
import { errorCodes, PrismError } from "../../domain/errors.ts";
import type { RecordedEvent } from "../../domain/event.ts";
import { type AuditRow, audit } from "../../domain/projections/audit.ts";
import { type EventStore, StoreError } from "../../eventstore/event-store.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { log } from "../../runtime/log.ts";
import { described } from "./described.ts";

const signedIn = undefined;
const nobody = async (): Promise<never> => {
  throw new PrismError("UNAUTHENTICATED", "not signed in");
};

/** A server, and what it has audited so far. */
async function stage(caller: (() => Promise<never>) | undefined = signedIn, store = memoryEventStore()) {
  const { server, audited } = await described(caller, store);
  const events = async () => {
    await audited.flush();
    const found: RecordedEvent<CallAnswered>[] = [];
    for await (const event of store.readAll()) found.push(event as RecordedEvent<CallAnswered>);
    return found;
  };
  return { server, events };
}

const answers = (events: readonly RecordedEvent<CallAnswered>[]) =>
  events
    .filter(({ type }) => type === "CallAnswered")
    .map(({ data, metadata }) => ({ actor: metadata.actor, ...data }));

describe("the audit of calls", () => {
  it.each([
    ["GET", "/api/v1/namespaces?limit=0", 400, "INVALID_CONFIGURATION", "/namespaces"],
    ["GET", "/api/v1/namespaces/orders?as_of=tomorrow", 400, "INVALID_CONFIGURATION", "/namespaces/:ns"],
    ["GET", "/api/v1/audit", 403, "FORBIDDEN", "/audit"],
    ["PUT", "/api/v1/teams/payments-team", 403, "FORBIDDEN", "/teams/:team"],
    ["GET", "/api/v1/nowhere", 404, "NOT_FOUND", null],
    ["QUERY", "/api/v1/namespaces", 405, "METHOD_NOT_ALLOWED", null],
    ["PUT", "/api/v1/namespaces", 405, "METHOD_NOT_ALLOWED", null],
    ["POST", "/api/v1/namespaces/orders/try/get", 501, "UNIMPLEMENTED", "/namespaces/:ns/try/:verb"],
    ["GET", "/api/v1/namespaces?cursor=%00", 400, "INVALID_CONFIGURATION", "/namespaces"],
  ] as const)("holds %s %s, refused with %i", async (method, url, status, code, route) => {
    const { server, events } = await stage();
    expect((await server.inject({ method: method as "GET", url })).statusCode).toBe(status);
    expect(answers(await events())).toMatchObject([
      { actor: "user:a", method, route, status, code, times: 1 },
    ]);
  });

  it("holds who was not signed in, by where they came from, and nothing that they said", async () => {
    const { server, events } = await stage(nobody);
    const secret = "sesame-sesame";
    const headers = { authorization: `Bearer ${secret}`, "x-request-id": secret };
    for (const url of [`/api/v1/namespaces/${secret}`, `/api/v1/${secret}`])
      expect((await server.inject({ url, headers, query: { namespace: secret } })).statusCode).toBe(401);
    await server.inject({
      method: "POST",
      url: "/api/v1/namespaces",
      headers,
      payload: { namespace: secret },
    });
    const found = await events();
    expect(answers(found)).toMatchObject([
      {
        actor: "anonymous",
        route: "/namespaces/:ns",
        status: 401,
        code: "UNAUTHENTICATED",
        from: "127.0.0.1",
      },
      { actor: "anonymous", route: null, status: 401 },
      { actor: "anonymous", method: "POST", route: "/namespaces", status: 401 },
    ]);
    expect(JSON.stringify(found.map(({ data, metadata }) => [data, metadata]))).not.toContain(secret);
  });

  it("keeps no token, no body and no query of those who are", async () => {
    const { server, events } = await stage();
    const headers = { authorization: "Bearer sesame-1", "content-type": "application/json" };
    const payload = { namespace: "orders", team: "payments-team", needs: { password: "sesame-2" } };
    await server.inject({ method: "POST", url: "/api/v1/namespaces?x=sesame-3", headers, payload });
    const found = await events();
    expect(found.map(({ type }) => type)).toEqual(["CallReceived", "CallAnswered"]);
    expect(found[1]?.data).toMatchObject({ namespace: "orders", team: "payments-team", received: "1" });
    expect(JSON.stringify(found.map(({ data, metadata }) => [data, metadata]))).not.toContain("sesame");
  });

  it("makes one of many that are alike", async () => {
    const { server, events } = await stage();
    for (let count = 0; count < 5; count++) await server.inject("/api/v1/audit");
    await server.inject("/api/v1/namespaces?limit=0");
    expect(answers(await events()).map(({ route, times }) => [route, times])).toEqual([
      ["/audit", 5],
      ["/namespaces", 1],
    ]);
  });

  it.each(errorCodes)("holds what is refused with %s, with its status", async (code) => {
    const store = memoryEventStore();
    const audited = auditLog(store, { log: log("api", "silent") });
    const somebody = { subject: "user:a", teams: [], platform: false, audit: false, expiresAt: new Date() };
    const server = await httpServer({
      authority: { caller: async () => somebody },
      log: log("api", "silent"),
    });
    await server.register(async (within) => {
      auditing(within, { auditLog: audited, operations: { get: async () => undefined } as never });
      within.post("/api/v1/refusals/:ns", async () => {
        throw new PrismError(code, "it is refused");
      });
    });
    await server.inject({ method: "POST", url: "/api/v1/refusals/orders" });
    await audited.flush();
    const rows: AuditRow[] = [];
    for await (const event of store.readAll()) {
      const row = audit.apply(rows[0], event as never);
      if (row !== undefined) rows[0] = row;
    }
    expect(rows).toMatchObject([
      {
        ...{ actor: "user:a", action: "POST /refusals/:ns", namespace: "orders" },
        outcome: httpStatus[code] >= 500 ? "failed" : "refused",
        call: { status: httpStatus[code], code },
      },
    ]);
  });

  it("leaves out health, metrics and documentation", async () => {
    const { server, events } = await stage();
    for (const url of ["/healthz", "/metrics", "/openapi.json"]) await server.inject(url);
    expect(await events()).toEqual([]);
  });
});

describe("where the audit log cannot be written", () => {
  /** A store that takes nothing until it is mended. */
  const broken = () => {
    const store = memoryEventStore();
    let isBroken = true;
    const append: EventStore["append"] = (...call) =>
      isBroken ? Promise.reject(new StoreError("StoreUnavailable", "it is away")) : store.append(...call);
    const mend = () => {
      isBroken = false;
    };
    return { store: { ...store, append }, mend };
  };

  it.each([
    ["POST", "/api/v1/namespaces"],
    ["PATCH", "/api/v1/namespaces/orders"],
    ["DELETE", "/api/v1/namespaces/orders"],
    ["PUT", "/api/v1/teams/payments-team"],
    ["POST", "/api/v1/operations/0/cancel"],
    ["POST", "/api/v1/reconcile"],
  ] as const)("%s %s is not even tried", async (method, url) => {
    const { server } = await stage(signedIn, broken().store);
    const answer = await server.inject({ method, url });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: "BACKEND_UNAVAILABLE" } });
    expect(answer.headers["retry-after"]).toBeDefined();
  });

  it("reads are answered, and recorded when it can be again", async () => {
    const { store, mend } = broken();
    const { server, events } = await stage(signedIn, store);
    expect((await server.inject("/api/v1/namespaces?limit=0")).statusCode).toBe(400);
    await expect(events()).rejects.toThrow("it is away");
    mend();
    expect(answers(await events())).toMatchObject([{ route: "/namespaces", status: 400 }]);
    expect(await events()).toHaveLength(1);
  });

  it("reads are not refused while few wait, however long they do", async () => {
    const { server, events } = await stage(signedIn, broken().store);
    for (let round = 1; round <= 5; round++) {
      expect((await server.inject(`/api/v1/namespaces/n-${round}?as_of=x`)).statusCode).toBe(400);
      await expect(events()).rejects.toThrow("it is away");
    }
  });

  it("reads are refused once so many wait that calls would be lost", async () => {
    const { server } = await stage(signedIn, broken().store);
    const statuses: number[] = [];
    for (let count = 0; count < 1_001; count++)
      statuses.push((await server.inject(`/api/v1/namespaces/n-${count}?as_of=x`)).statusCode);
    expect([statuses[0], statuses.at(-2), statuses.at(-1)]).toEqual([400, 400, 503]);
  });
});
