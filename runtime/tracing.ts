import { setTimeout as pause } from "node:timers/promises";
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Sampler } from "@opentelemetry/sdk-trace";

/** Where spans go, by OTLP over HTTP, and which share of the traces that begin here. */
export type TracingConfig = { readonly endpoint: string; readonly share: number };

export type Spanned = {
  readonly name: string;
  /** Who asked (`server`), whom we ask (`producer`), whose message it is (`consumer`). Default: our own work. */
  readonly kind?: "server" | "producer" | "consumer";
  /** The W3C `traceparent` of what caused it. Default: what is under way. */
  readonly from?: string | undefined;
  readonly attributes?: Attributes;
  /** The `traceparent` of what else it is about; where there is any, it is sampled. */
  readonly links?: readonly string[];
};

const kinds = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };
const exportMs = 1_000;
// Whoever stops a process does not wait for a collector that is away: its clients have left already.
const lastMs = 2_000;
let on = false;

/** Whether anybody wants spans. Asked where a way is made and not where it is gone: without them nothing is paid. */
export const isTracing = (): boolean => on;

/** Begins to export spans; left out: there are none. Resolves with how to send the last of them. */
export async function startTracing(process: string, config: TracingConfig | undefined) {
  if (config === undefined) return { name: "spans", stop: async () => {} };
  // Nobody loads it who does not need it.
  const [
    sdk,
    { AsyncLocalStorageContextManager },
    { W3CTraceContextPropagator },
    { OTLPTraceExporter },
    res,
  ] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/context-async-hooks"),
    import("@opentelemetry/core"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${config.endpoint.replace(/\/$/, "")}/v1/traces` });
  const provider = new sdk.TracerProvider({
    resource: res.resourceFromAttributes({ "service.name": `prism-${process}` }),
    sampler: new sdk.ParentBasedSampler({
      root: linkedOr(new sdk.AlwaysOnSampler(), new sdk.TraceIdRatioBasedSampler(config.share)),
    }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: exportMs })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  on = true;
  return {
    name: "spans",
    stop: () => Promise.race([provider.shutdown(), pause(lastMs)]),
  };
}

/** Runs `body` as a span, and what it does as what this caused. A failure is the span's, by its code, and its caller's. */
export async function spanned<T>(what: Spanned, body: () => Promise<T>): Promise<T> {
  if (!on) return body();
  const span = begin(what);
  try {
    return await context.with(trace.setSpan(context.active(), span), body);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: (error as { code?: string }).code ?? "INTERNAL" });
    throw error;
  } finally {
    span.end();
  }
}

/** A span that ends elsewhere, and how what it causes is run. */
export function openSpan(what: Spanned) {
  const span = begin(what);
  return {
    within: (body: () => void): void => context.with(trace.setSpan(context.active(), span), body),
    end(attributes: Attributes, failed: boolean): void {
      span.setAttributes(attributes);
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** What is under way, for whoever goes on with it elsewhere. */
export function traceparent(): string | undefined {
  if (!on) return undefined;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** For a line of the log. */
export function traceFields(): { trace_id?: string } {
  const known = on ? trace.getSpanContext(context.active()) : undefined;
  return known === undefined ? {} : { trace_id: known.traceId };
}

const begin = ({ name, kind, from, attributes = {}, links = [] }: Spanned) =>
  trace.getTracer("prism").startSpan(
    name,
    {
      kind: kind === undefined ? SpanKind.INTERNAL : kinds[kind],
      attributes,
      links: links
        .flatMap((link) => trace.getSpanContext(contextOf(link)) ?? [])
        .map((context) => ({ context })),
    },
    contextOf(from),
  );

/** Who links to something has looked whether that is sampled. */
const linkedOr = (linked: Sampler, others: Sampler): Sampler => ({
  shouldSample: (...asked) => (asked[5].length > 0 ? linked : others).shouldSample(...asked),
  toString: () => others.toString(),
});

const contextOf = (from: string | undefined): Context =>
  from === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent: from });
