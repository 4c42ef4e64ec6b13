import { describe, expect, it } from "vitest";
import type { Delivered } from "../../proxy/message.ts";
import type { Deliver, Publish } from "../../proxy/patterns/pattern.ts";
import {
  spannedCall,
  spannedDelivery,
  spannedStep,
  traceHeaders,
  traceMetadata,
} from "../../proxy/tracing.ts";
import { spanned, startTracing, traceFields, traceparent } from "../../runtime/tracing.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const caller = `00-${trace}-00f067aa0ba902b7-00`;
const publish: Publish = async () => ({ offset: "k.0.1" });
const delivers = (to: Deliver): Deliver => to;

// In this order: tracing begins once in a process, and then stays.
describe("tracing", () => {
  it("leaves every way as it is where nobody wants spans", async () => {
    await (await startTracing("proxy", undefined)).stop();
    expect(spannedStep("wal-pattern", {}, publish)).toBe(publish);
    expect(spannedDelivery("orders", delivers)).toBe(delivers);
    expect(traceHeaders()).toBe(traceMetadata());
    expect([traceHeaders(), traceparent(), traceFields()]).toEqual([{}, undefined, {}]);
    const answer = Promise.resolve(1);
    const call = spannedCall(
      { api: "queue", name: "Publish", need: "write" },
      undefined as never,
      () => answer,
    );
    // Not even a promise more.
    expect(call).toBe(answer);
  });

  it("carries what is under way into messages, lines of the log and deliveries", async () => {
    // Its caller has not sampled it: nothing is sent.
    const { stop } = await startTracing("proxy", { endpoint: "http://127.0.0.1:9", share: 0 });
    const headers = await spanned({ name: "call", from: caller }, async () => {
      expect(traceFields()).toEqual({ trace_id: trace });
      return spannedStep("wal-pattern", {}, async () => ({
        offset: traceHeaders()["prism-traceparent"] ?? "",
      }))(undefined as never);
    });
    expect(headers.offset).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
    const told: string[] = [];
    const deliver = spannedDelivery(
      "orders",
      delivers,
    )(async () => {
      told.push(traceMetadata()["traceparent"] ?? "");
    });
    await deliver({ id: "m", headers: { "prism-traceparent": headers.offset } } as unknown as Delivered);
    expect(told[0]).toMatch(new RegExp(`^00-${trace}-`));
    expect(told[0]).not.toBe(headers.offset);
    // A trace that nobody has begun is not sampled at a share of nothing.
    await deliver({ id: "m", headers: {} } as unknown as Delivered);
    expect(told[1]).toMatch(/-00$/);
    await stop();
  });

  it("has what fails go on failing as it did", async () => {
    const failure = new Error("it did not work");
    await expect(spanned({ name: "call" }, () => Promise.reject(failure))).rejects.toBe(failure);
  });
});
