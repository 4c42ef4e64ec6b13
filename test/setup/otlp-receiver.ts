import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as it arrived, with what is looked at of it. */
export type ReceivedSpan = {
  readonly process: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  /** `trace/span` of what it names beside its parent. */
  readonly links: readonly string[];
};

type Attribute = { key: string; value: { stringValue?: string; intValue?: string | number } };
type Body = {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: (Omit<ReceivedSpan, "attributes" | "links"> & {
        attributes: Attribute[];
        links?: { traceId: string; spanId: string }[];
        status: { code?: number };
      })[];
    }[];
  }[];
};

/** Takes spans as a collector would, by OTLP over HTTP in JSON. */
export async function otlpReceiver() {
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.url === "/v1/traces") spans.push(...spansIn(Buffer.concat(parts).toString("utf8")));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const spansIn = (text: string): readonly ReceivedSpan[] =>
  (JSON.parse(text) as Body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const process = values(resource.attributes)["service.name"] ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        process,
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        kind: span.kind,
        failed: span.status.code === 2,
        attributes: values(span.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => `${traceId}/${spanId}`),
      })),
    );
  });

const values = (attributes: readonly Attribute[]): Record<string, string> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? "")]),
  );
