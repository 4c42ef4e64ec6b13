import { Registry } from "prom-client";
import { httpServer } from "../../api/http-server.ts";
import { operatorRoutes } from "../../api/operator.ts";
import { apiRoutes } from "../../api/routes.ts";
import { log } from "../../runtime/log.ts";

/** The routes with nothing behind them: enough to describe, to list, and to refuse. `caller`: who is calling. */
export async function described(caller?: () => Promise<never>) {
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
  await server.register(apiRoutes({ temporal: {} } as never));
  await server.ready();
  return { server, routes: routes.sort() };
}
