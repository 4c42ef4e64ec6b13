import { describe, expect, it } from "vitest";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import { findingsAfter, repairable } from "../../../domain/reconcile/drift.ts";
import { returning } from "../../../domain/reconcile/leaked.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";
import { holding } from "./world.ts";

const known = [...l.active, l.driftDetected([l.finding], false)].reduce(evolve, absent);
const ready = { state: "ready" } as const;

describe("what is recorded of a namespace after a look", () => {
  it("is what was seen", () =>
    expect(
      findingsAfter(known, [
        { resource: a.topic, shown: ready },
        { resource: a.table, shown: ready },
      ]),
    ).toEqual([]));
  it("keeps what is known of what could not be looked at", () =>
    expect(findingsAfter(known, [{ resource: a.table, shown: ready }])).toEqual([l.finding]));
  it("keeps nothing of what is in no plan any more", () =>
    expect(findingsAfter({ ...known, plan: { ...a.selection.plan, resources: [a.table] } }, [])).toEqual([]));
});

describe("a repair", () => {
  it("ensures what is missing or drifted, and leaves what is foreign", () => {
    const finding = (what: "drifted" | "foreign", resource: string) => ({
      ...l.finding,
      class: what,
      resource,
    });
    expect(repairable(known, [l.finding])).toEqual([a.topic]);
    expect(repairable(known, [finding("drifted", "postgres wal-table wal_orders")])).toEqual([a.table]);
    expect(repairable(known, [finding("foreign", "postgres wal-table wal_orders")])).toEqual([]);
    expect(repairable(known, [finding("drifted", "kafka topic theirs")])).toEqual([]);
  });
});

describe("quota that is given back", () => {
  const amounts = { write_rps: 1, read_rps: 1, data_size: 1, namespaces: 1 };
  const committed = { operation: "1", amounts };
  const pending = { operation: "2", amounts };
  it("is what was reserved beside, while the namespace lives", () =>
    expect(returning(holding({ committed, pending }), known)).toMatchObject({
      type: "ReleaseReservation",
      operation: "2",
    }));
  it("is all of it once its life is over", () => {
    const over = [...l.gone].reduce(evolve, absent);
    expect(returning(holding({ committed }), over)).toMatchObject({
      type: "ReleaseNamespace",
      incarnation: 1,
    });
  });
  it("is nothing where nothing is known of the namespace", () => {
    expect(returning(holding({ committed }), undefined)).toBeUndefined();
    expect(returning(holding({ committed }), absent)).toBeUndefined();
  });
});
