import { Registry } from "prom-client";
import { auditLog } from "../../api/audit-log.ts";
import { httpServer } from "../../api/http-server.ts";
import { operatorRoutes } from "../../api/operator.ts";
import { apiRoutes } from "../../api/routes.ts";
import type { EventStore } from "../../eventstore/event-store.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { log } from "../../runtime/log.ts";

/**
 * The routes with nothing behind them: enough to describe, to list, and to refuse. `caller`: who is calling.
 * `store` keeps what is audited. `given`: what a test wants behind them after all.
 */
export async function described(
  caller?: () => Promise<never>,
  store: EventStore = memoryEventStore(),
  given: object = {},
) {
  const somebody = { subject: "user:a", teams: [], platform: false, audit: false, expiresAt: new Date() };
  const server = await httpServer({
    authority: { caller: caller ?? (async () => somebody) },
    log: log("api", "silent"),
  });
  const routes: string[] = [];
  server.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) if (one !== "HEAD") routes.push(`${one} ${url}`);
  });
  await server.register(operatorRoutes({ checks: {}, metrics: new Registry() }));
  // It records when it is asked to, and not in between: what a test counts is then one batch.
  const audited = auditLog(store, { log: log("api", "silent"), flushMs: 3_600_000, mostWaiting: 1_000 });
  const operations = { get: async () => undefined };
  await server.register(apiRoutes({ temporal: {}, auditLog: audited, operations, ...given } as never));
  await server.ready();
  return { server, audited, routes: routes.sort() };
}
