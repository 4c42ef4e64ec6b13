import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { workerMetrics } from "../../activities/metrics.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import * as a from "../domain/namespace/examples.ts";
import * as l from "../domain/namespace/lives.ts";
import { recorded } from "../domain/namespace/recorded.ts";

/** What is scraped after these lives; an event and its repeat take a second each. */
async function scraped(...lives: readonly (readonly NamespaceEvent[])[]) {
  const registry = new Registry();
  let now = Date.UTC(2026, 0, 1);
  const clock = () => {
    now += 1_000;
    return new Date(now);
  };
  const store = workerMetrics(registry).measured(memoryEventStore({ clock }));
  for (const [life, events] of lives.entries()) {
    for (const [index, { type, data, metadata }] of recorded(events).entries()) {
      const id = `${String(life).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`;
      const event = { id, type, data, metadata };
      await store.append(`namespace-orders-${life}`, [event], { expected: "any" });
      // Whoever did not hear the answer appends it once more.
      await store.append(`namespace-orders-${life}`, [event], { expected: "any" });
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
  const text = await registry.metrics();
  return (line: string) =>
    Number(
      text
        .split("\n")
        .find((one) => one.startsWith(`${line} `))
        ?.split(" ")[1],
    );
}

describe("what a worker counts", () => {
  it("is there at 0 before anything happened", async () => {
    const value = await scraped();
    for (const kind of ["create", "update", "delete", "migrate", "reconcile", "rewind", "move"]) {
      for (const state of ["succeeded", "failed", "cancelled", "rejected"]) {
        expect(value(`prism_operations_total{kind="${kind}",state="${state}"}`)).toBe(0);
      }
      expect(value(`prism_operation_duration_seconds_count{kind="${kind}"}`)).toBe(0);
    }
    for (const step of ["begin", "ensure", "remove", "register", "probe", "drain"]) {
      expect(value(`prism_step_retries_total{step="${step}"}`)).toBe(0);
    }
    expect(value("prism_eventstore_append_seconds_count")).toBe(0);
  });

  it("is every operation that ended, once, by kind and by how it ended", async () => {
    const value = await scraped(
      l.active,
      [...l.grown, l.applied, a.registered],
      [...l.gone, ...l.active],
      [...l.waiting, l.rejected, l.namespaceRejected],
      [a.requested, a.planned, l.cancelled, a.failed()],
      [...l.growing, l.largerPlanned, l.updateFailed()],
      [...l.active, l.driftDetected(), l.driftRepaired],
      [a.requested, a.planned],
    );
    const ended = (kind: string) =>
      ["succeeded", "failed", "cancelled", "rejected"].map((state) =>
        value(`prism_operations_total{kind="${kind}",state="${state}"}`),
      );
    expect(ended("create")).toEqual([6, 0, 1, 1]);
    expect(ended("update")).toEqual([1, 1, 0, 0]);
    expect(ended("delete")).toEqual([1, 0, 0, 0]);
    expect(ended("reconcile")).toEqual([1, 0, 0, 0]);
    expect(value('prism_operation_duration_seconds_count{kind="create"}')).toBe(8);
  });

  it("is how long they took, by the clock of the event store", async () => {
    const value = await scraped(l.active);
    expect(value('prism_operation_duration_seconds_sum{kind="create"}')).toBe(2 * (l.active.length - 1));
    expect(value("prism_eventstore_append_seconds_count")).toBe(2 * l.active.length);
  });
});
