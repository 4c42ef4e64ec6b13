import { describe, expect, it } from "vitest";
import { changesBetween, planChange, refuseMigration, replans } from "../../../domain/namespace/change.ts";
import type { Plan, Resource } from "../../../domain/plan.ts";
import type { NamespaceRequest } from "../../../domain/request/request.ts";
import { select } from "../../../domain/selection/select.ts";
import { everything } from "../inventories.ts";
import * as a from "./examples.ts";
import { largerRequest, readersRequest } from "./lives.ts";

const plan = a.selection.plan;
const withTopic = (config: Resource["config"]): Plan => ({
  ...plan,
  resources: [{ ...a.topic, config: { ...a.topic.config, ...config } }, a.table],
});
const movesOf = (after: Plan) => planChange(plan, after).moves.map(({ what }) => what);

describe("what changes between two requests", () => {
  it("is named field by field", () => {
    expect(changesBetween(a.request, largerRequest)).toEqual([
      { field: "needs.write_rps", from: 100, to: 1000 },
    ]);
    const { retention: _, ...needs } = a.request.needs;
    expect(changesBetween(a.request, { ...a.request, needs })).toEqual([
      { field: "needs.retention", from: "7days", to: null },
    ]);
  });
  it("is nothing between two that say the same, also about an approval", () => {
    const claimed: NamespaceRequest = { ...a.request, approval: { ticket: "TICKET-1" } };
    expect(changesBetween(a.request, claimed)).toEqual([]);
  });
  it("needs a plan unless it is access alone", () => {
    expect(replans(changesBetween(a.request, readersRequest))).toBe(false);
    expect(replans(changesBetween(a.request, largerRequest))).toBe(true);
    expect(replans(changesBetween(readersRequest, largerRequest))).toBe(true);
  });
});

describe("what leads from one plan to another", () => {
  it("is what is added, changed and grown", () => {
    const bucket: Resource = { backend: "s3", kind: "bucket-prefix", name: "orders/", config: {} };
    const larger = withTopic({ partitions: 4 });
    const { added, changed, grown, moves } = planChange(plan, {
      ...larger,
      resources: [...larger.resources, bucket],
    });
    expect(added).toEqual([bucket]);
    expect(changed).toEqual([larger.resources[0]]);
    expect(grown).toEqual([larger.resources[0]]);
    expect(moves).toEqual([]);
  });
  it("is nothing to the same plan", () =>
    expect(planChange(plan, plan)).toEqual({ added: [], changed: [], grown: [], moves: [] }));
  it("lets settings change in place", () => expect(movesOf(withTopic({ settings: { a: "b" } }))).toEqual([]));

  it.each<[string, Plan, string]>([
    ["another backend", { ...plan, backend: { type: "nats", config: {} } }, "backend"],
    ["another pattern", { ...plan, patterns: [] }, "patterns"],
    [
      "another version of a pattern",
      { ...plan, patterns: [{ type: "wal", version: 2, config: {} }] },
      "patterns",
    ],
    ["fewer partitions", withTopic({ partitions: 0 }), "kafka topic orders-queue partitions"],
    ["another replication", withTopic({ replication: 3 }), "kafka topic orders-queue replication"],
    ["a resource that would be gone", { ...plan, resources: [a.topic] }, "postgres wal-table wal_orders"],
  ])("would have to move for %s", (_, after, what) => {
    expect(movesOf(after)).toContain(what);
    expect(() => refuseMigration(plan, after)).toThrow(
      expect.objectContaining({ code: "MIGRATION_REQUIRED" }),
    );
    expect(() => refuseMigration(plan, after)).toThrow(what);
  });
});

describe("selection's own plans", () => {
  const planOf = (needs: Partial<NamespaceRequest["needs"]>): Plan =>
    select({ ...a.request, needs: { ...a.request.needs, ...needs } }, everything).plan;
  it("grow in place with the rates, and only so", () => {
    const { moves, grown } = planChange(planOf({}), planOf({ write_rps: 5000 }));
    expect({ moves, grown: grown.map(({ name }) => name) }).toEqual({ moves: [], grown: ["orders-queue"] });
    expect(planChange(planOf({ write_rps: 5000 }), planOf({})).moves).toHaveLength(1);
  });
  it("move when a need asks for another pattern", () =>
    expect(planChange(planOf({}), planOf({ replay: "enabled" })).moves.map(({ what }) => what)).toEqual([
      "patterns",
    ]));
});
