import type { Call } from "./events.ts";

const actions: Readonly<Record<string, string>> = {
  "POST /namespaces": "create namespace",
  "PATCH /namespaces/:ns": "update namespace",
  "DELETE /namespaces/:ns": "delete namespace",
  "POST /namespaces/:ns/relay/rewind": "rewind relay",
  "POST /namespaces/:ns/move": "move namespace",
  "GET /namespaces": "list namespaces",
  "GET /namespaces/:ns": "read namespace",
  "GET /namespaces/:ns/access": "read access",
  "GET /namespaces/:ns/plan": "read plan",
  "GET /namespaces/:ns/endpoints": "read endpoints",
  "GET /namespaces/:ns/history": "read history",
  "GET /namespaces/:ns/replay": "replay history",
  "POST /plans": "preview plan",
  "GET /events": "watch events",
  "GET /operations": "list operations",
  "GET /operations/:id": "read operation",
  "GET /operations/:id/events": "watch operation",
  "POST /operations/:id/cancel": "cancel operation",
  "POST /operations/:id/retry": "retry operation",
  "POST /operations/:id/abandon": "abandon operation",
  "POST /operations/:id/approve": "approve plan",
  "POST /operations/:id/reject": "reject plan",
  "GET /teams": "list teams",
  "GET /teams/:team": "read team",
  "PUT /teams/:team": "define team",
  "GET /backends": "read backends",
  "GET /proxies": "read proxies",
  "POST /proxies/:proxy/evict": "evict proxy",
  "POST /proxies/:proxy/drain": "drain proxy",
  "POST /proxies/:proxy/resume": "resume proxy",
  "GET /shards": "read shards",
  "PUT /shards/:shard": "define shard",
  "POST /shards/:shard/drain": "drain shard",
  "GET /drift": "read drift",
  "POST /reconcile": "reconcile",
  "GET /audit": "read audit log",
  "GET /audit/verify": "verify audit log",
};

/** What a call is for, in words; one without words is told by its method and path. */
export function actionOf({ method, route }: Pick<Call, "method" | "route">): string {
  if (route === null) return `${method} (no such path)`;
  const called = `${method === "HEAD" ? "GET" : method} ${route}`;
  return actions[called] ?? called;
}
