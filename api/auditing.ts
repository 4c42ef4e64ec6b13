import type { FastifyInstance, FastifyRequest } from "fastify";
import { anonymous, type Call, mayChange } from "../domain/calls/events.ts";
import type { OperationRow } from "../domain/projections/operations.ts";
import { addressee } from "../domain/request/examine.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import type { AuditLog, Called } from "./audit-log.ts";
import { documentOf } from "./request-body.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Records how it was answered, once. Streams say so when they begin: they may never end. */
    answered: ((status: number, location?: unknown) => Promise<void>) | null;
  }
}

export type AuditingDependencies = {
  readonly auditLog: AuditLog;
  readonly operations: ProjectionReader<OperationRow>;
};

/**
 * Every call is recorded, whatever becomes of it. One that may change something is recorded before it is worked on,
 * and refused where that fails; the others are recorded after their answer, many at a time.
 */
export function auditing(server: FastifyInstance, { auditLog, operations }: AuditingDependencies): void {
  const whose = namespaceOfOperation(operations);
  const received = new WeakMap<FastifyRequest, { readonly called: Called; readonly position: bigint }>();

  const recording = (request: FastifyRequest) => {
    let done = false;
    return async (status: number, location?: unknown) => {
      if (done) return;
      done = true;
      const before = received.get(request);
      const { actor, call } = before?.called ?? (await calledBy(request, whose));
      const operation = operationAt(location) ?? call.operation;
      const answer = { status, code: request.refusedWith };
      auditLog.answered({ actor, call: { ...call, operation } }, answer, before?.position);
    };
  };

  server.decorateRequest("answered", null);
  server.addHook("onRequest", async (request) => {
    auditLog.assertRoom();
    request.answered = recording(request);
  });
  server.addHook("preHandler", async (request) => {
    if (!mayChange({ method: request.method, route: routeOf(request) })) return;
    const called = await calledBy(request, whose);
    received.set(request, { called, position: await auditLog.received(called) });
  });
  server.addHook("onSend", async (request, reply) => {
    // What was refused before all else has not come to the first hook.
    request.answered ??= recording(request);
    await request.answered(reply.statusCode, reply.getHeader("location"));
  });
}

type Whose = (operation: string) => Promise<string | null>;

/** Who is not signed in chooses no text that is kept. */
async function calledBy(request: FastifyRequest, whose: Whose): Promise<Called> {
  const { method, ip: from } = request;
  const route = routeOf(request);
  const nothing: Call = { method, route, from, namespace: null, team: null, operation: null };
  const caller = await signedIn(request);
  if (caller === undefined) return { actor: anonymous, call: nothing };
  const { ns, team, id } = (request.params ?? {}) as Record<string, string | undefined>;
  const query = (request.query ?? {}) as Record<string, unknown>;
  const named = method === "POST" && route === "/namespaces" ? namedIn(request) : {};
  const operation = text(id);
  const namespace = text(ns ?? query["namespace"] ?? named.namespace);
  return {
    actor: text(caller.subject) ?? "",
    call: {
      ...nothing,
      namespace: namespace ?? (operation === null ? null : await whose(operation)),
      team: text(team ?? query["team"] ?? named.team),
      operation,
    },
  };
}

async function signedIn(request: FastifyRequest): Promise<Caller | undefined> {
  try {
    return await request.caller();
  } catch {
    return undefined;
  }
}

/** Under `/api/v1`; null where there is no such path. */
function routeOf({ routeOptions: { url } }: FastifyRequest): string | null {
  return url === undefined ? null : url.replace(/^\/api\/v1/, "");
}

const longest = 200;

const text = (value: unknown): string | null =>
  typeof value === "string" && value !== ""
    ? value.slice(0, longest).toWellFormed().replaceAll("\0", "")
    : null;

/** What a body asks for is read and judged later; here only for whom. */
function namedIn(request: FastifyRequest): { readonly namespace?: string; readonly team?: string } {
  try {
    return addressee(documentOf(request));
  } catch {
    return {};
  }
}

const operationAt = (location: unknown): string | undefined =>
  typeof location === "string" ? /\/operations\/([0-9a-f-]{36})$/.exec(location)?.[1] : undefined;

const remembered = 10_000;

/** Which namespace an operation is about never changes. */
function namespaceOfOperation(operations: ProjectionReader<OperationRow>): Whose {
  const known = new Map<string, string>();
  return async (id) => {
    const namespace = known.get(id) ?? (await operations.get(id).catch(() => undefined))?.namespace;
    if (namespace === undefined) return null;
    if (known.size >= remembered) known.delete(known.keys().next().value ?? "");
    known.set(id, namespace);
    return namespace;
  };
}
