import { trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import type { NewRecord } from "../../backends/log.ts";
import type { Delivered } from "../../proxy/message.ts";
import type { Deliver, Publish } from "../../proxy/patterns/pattern.ts";
import {
  spannedBatch,
  spannedCall,
  spannedDelivery,
  spannedStep,
  traceHeaders,
  traceMetadata,
} from "../../proxy/tracing.ts";
import { spanned, startTracing, traceFields, traceparent } from "../../runtime/tracing.ts";

type Batch = { readonly links: readonly unknown[]; readonly parentSpanContext?: unknown };

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const caller = `00-${traceId}-00f067aa0ba902b7-00`;
const traceHeadersOf = (traceparent: string) => ({ "prism-traceparent": traceparent });
const publish: Publish = async () => ({ offset: "k.0.1" });
const delivers = (to: Deliver): Deliver => to;

// In this order: tracing begins once in a process, and then stays.
describe("tracing", () => {
  it("leaves every way as it is where nobody wants spans", async () => {
    await (await startTracing("proxy", undefined)).stop();
    expect(spannedStep("wal-pattern", {}, publish)).toBe(publish);
    expect(spannedDelivery("orders", delivers)).toBe(delivers);
    expect(traceHeaders()).toBe(traceMetadata({}));
    expect([traceHeaders(), traceparent(), traceFields()]).toEqual([{}, undefined, {}]);
    const sending = Promise.resolve();
    expect(spannedBatch("orders", [], () => sending)).toBe(sending);
    const answer = Promise.resolve(1);
    const call = spannedCall(
      { api: "queue", name: "Publish", need: "write" },
      undefined as never,
      () => answer,
    );
    // Not even a promise more.
    expect(call).toBe(answer);
  });

  it("hands on what a publisher said where Prism itself has no spans, if it can be read", () => {
    expect(traceMetadata(traceHeaders(caller))).toEqual({ traceparent: caller });
    for (const unreadable of ["", "x", `${caller}\n`, caller.toUpperCase()])
      expect(traceMetadata(traceHeaders(unreadable))).toEqual({});
  });

  it("carries what is under way into messages, lines of the log and deliveries", async () => {
    // Where nobody listens.
    const { stop } = await startTracing("proxy", { endpoint: "http://127.0.0.1:9", share: 0 });
    const headers = await spanned({ name: "call", from: caller }, async () => {
      expect(traceFields()).toEqual({ trace_id: traceId });
      return spannedStep("wal-pattern", {}, async () => ({
        offset: traceHeaders()["prism-traceparent"] ?? "",
      }))(undefined as never);
    });
    expect(headers.offset).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    const told: string[] = [];
    const deliver = spannedDelivery(
      "orders",
      delivers,
    )(async () => {
      told.push(traceMetadata({})["traceparent"] ?? "");
    });
    await deliver({ id: "m", headers: { "prism-traceparent": headers.offset } } as unknown as Delivered);
    expect(told[0]).toMatch(new RegExp(`^00-${traceId}-`));
    expect(told[0]).not.toBe(headers.offset);
    // A trace that nobody has begun is not sampled at a share of nothing.
    await deliver({ id: "m", headers: {} } as unknown as Delivered);
    expect(told[1]).toMatch(/-00$/);
    // Of a batch too, whoever is sampled decides; there may be many of them.
    const seen = caller.replace(/00$/, "01");
    const carried = (...by: readonly string[]) =>
      spannedBatch(
        "orders",
        by.map((at) => ({ headers: new Map(Object.entries(traceHeadersOf(at))) }) as unknown as NewRecord),
        async () => void batches.push(trace.getActiveSpan() as unknown as Batch | undefined),
      );
    const batches: (Batch | undefined)[] = [];
    await carried(caller, caller);
    await carried(caller, seen);
    await carried(...Array.from({ length: 1_000 }, () => seen));
    expect(batches.map((batch) => batch?.links.length)).toEqual([undefined, 1, 128]);
    expect(batches[1]).toMatchObject({
      links: [{ context: { traceId } }],
      attributes: { "prism.messages": 2 },
    });
    expect(batches[1]?.parentSpanContext).toBeUndefined();
    // Whoever stops a process does not wait for a collector that is away.
    await stop();
  });

  it("has what fails go on failing as it did", async () => {
    const failure = new Error("it did not work");
    await expect(spanned({ name: "call" }, () => Promise.reject(failure))).rejects.toBe(failure);
  });
});
