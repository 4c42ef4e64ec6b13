import { isTracing, openSpan } from "../runtime/tracing.ts";

/** What is used of a call here. */
type Asked = {
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly params: unknown;
  readonly routeOptions: { readonly url?: string | undefined };
};

/**
 * Hooks that make each call of a route a span of whoever made it: `traceparent` is taken in, and what the
 * route does is part of it. `undefined`: nobody wants spans.
 */
export function requestSpans() {
  if (!isTracing()) return undefined;
  const open = new WeakMap<object, ReturnType<typeof openSpan>>();
  return {
    /** When its body is there: what comes before runs as part of the connection, not of the call. */
    begin(request: Asked, _reply: unknown, done: () => void): void {
      const { method, headers, params, routeOptions } = request;
      const from = headers["traceparent"];
      const namespace = (params as { ns?: string } | null)?.ns;
      const span = openSpan({
        name: `${method} ${routeOptions.url ?? ""}`,
        kind: "server",
        from: typeof from === "string" ? from : "",
        attributes: {
          "http.request.method": method,
          "http.route": routeOptions.url ?? "",
          ...(namespace !== undefined && { "prism.namespace": namespace }),
        },
      });
      open.set(request, span);
      span.within(done);
    },
    async end(request: Asked, { statusCode }: { readonly statusCode: number }): Promise<void> {
      open.get(request)?.end({ "http.response.status_code": statusCode }, statusCode >= 500);
    },
  };
}
