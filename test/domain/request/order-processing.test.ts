import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requestDocument } from "../../../api/request-body.ts";
import { examine } from "../../../domain/request/examine.ts";
import { development, everything } from "../inventories.ts";

const written = requestDocument(
  readFileSync("docs/examples/order-processing/namespace-request.yaml", "utf8"),
  "application/yaml",
);
const facts = {
  caller: { subject: "user:alice", teams: ["payments-team"], platform: false },
  teamExists: () => true,
};

function accepted(inventory = everything) {
  const examined = examine(written, { ...facts, inventory });
  if (!examined.accepted) throw new Error(examined.violations.map(({ message }) => message).join("; "));
  return examined;
}

describe("RFC-027's order-processing request", () => {
  it("becomes the four resources the RFC names", () => {
    const { plan } = accepted().selection;
    expect(plan.patterns.map(({ type }) => type)).toEqual(["wal", "replay-store"]);
    expect(plan.backend).toEqual({
      type: "kafka",
      config: { topic: "order-processing-queue", partitions: 20, replication: 3 },
    });
    expect(plan.resources).toEqual([
      {
        backend: "kafka",
        kind: "topic",
        name: "order-processing-queue",
        config: {
          partitions: 20,
          replication: 3,
          settings: {
            "cleanup.policy": "delete",
            "retention.ms": "2592000000",
            "retention.bytes": "-1",
            "max.message.bytes": "5242880",
            "min.insync.replicas": "2",
          },
        },
      },
      {
        backend: "kafka",
        kind: "client-quota",
        name: "order-processing",
        config: { producer_byte_rate: 5_000_000_000, consumer_byte_rate: 10_000_000_000 },
      },
      { backend: "postgres", kind: "wal-table", name: "wal_order_processing", config: { database: "data" } },
      {
        backend: "postgres",
        kind: "replay-table",
        name: "replay_order_processing",
        config: { database: "data" },
      },
    ]);
  });

  it("needs no approval, and warns of nothing where there are brokers enough", () => {
    const { approval, warnings } = accepted().selection;
    expect({ approval, warnings }).toEqual({ approval: [], warnings: [] });
  });

  it("says aloud that one broker cannot hold three replicas", () => {
    const { plan, warnings, trace } = accepted(development).selection;
    expect(plan.backend.config.replication).toBe(1);
    const message = "3 replicas are clamped to 1: there is 1 server";
    expect(warnings).toEqual([{ field: "backend.config.replication", message }]);
    expect(trace.rules.at(-1)).toEqual({
      rule: "warning: backend.config.replication",
      fired: true,
      because: message,
    });
  });

  it("lists its three policies as not enforced yet", () => {
    const { policies } = accepted().selection.plan;
    expect(policies.map(({ policy, enforced }) => ({ policy, enforced }))).toEqual([
      { policy: "pii_handling", enforced: false },
      { policy: "audit_logging", enforced: false },
      { policy: "compliance", enforced: false },
    ]);
    expect(policies.every(({ because }) => because.startsWith("not enforced yet"))).toBe(true);
  });

  it("is its own normal form", () => {
    const { request, selection } = accepted();
    const again = examine(request, { ...facts, inventory: everything });
    expect(again).toMatchObject({ accepted: true, request, selection: { hash: selection.hash } });
  });
});
