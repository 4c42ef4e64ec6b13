import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { type Check, readiness } from "./readiness.ts";

export type OperatorServer = { readonly port: number; close(): Promise<void> };

export type OperatorOptions = {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly metrics: Registry;
  readonly checks: Readonly<Record<string, Check>>;
  /** Said by `/readyz` beside the checks. */
  readonly facts?: () => Readonly<Record<string, unknown>>;
};

/** The side of a process that operators look at: `/healthz` (it lives), `/readyz` (its dependencies answer), `/metrics`. */
export async function operatorServer({
  host,
  port,
  metrics,
  checks,
  facts,
}: OperatorOptions): Promise<OperatorServer> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { "content-type": type }).end(body);
    try {
      switch (request.url?.split("?")[0]) {
        case "/healthz":
          return answer(200, "application/json", JSON.stringify({ status: "ok" }));
        case "/readyz": {
          const state = await readiness(checks);
          return answer(
            state.ready ? 200 : 503,
            "application/json",
            JSON.stringify({ ...state, ...facts?.() }),
          );
        }
        case "/metrics":
          return answer(200, metrics.contentType, await metrics.metrics());
        default:
          return answer(404, "text/plain", "There is /healthz, /readyz and /metrics\n");
      }
    } catch {
      return answer(500, "text/plain", "internal error\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
