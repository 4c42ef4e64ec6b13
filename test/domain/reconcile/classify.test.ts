import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { backendKinds } from "../../../domain/plan.ts";
import type { Fleet } from "../../../domain/reconcile/fleet.ts";
import { loginKind, type Thing } from "../../../domain/reconcile/thing.ts";
import * as a from "../namespace/examples.ts";
import * as l from "../namespace/lives.ts";
import { runs } from "../runs.ts";
import { fleetOf, holding, lookedAt, standing, sweep, thing, withHolding } from "./world.ts";

const orders = (incarnation: number) => ({ namespace: "orders", incarnation });
const active = fleetOf(...l.active);
const deleted = fleetOf(...l.gone);
const blocked = fleetOf(a.requested, a.planned, a.intended(a.topic), a.blocked, a.failed(true));
const of = (fleet: Fleet, things: readonly Thing[]) => sweep({ fleet, things });

describe("what is planned", () => {
  it("is no finding where it stands as planned", () =>
    expect(of(active, [standing(a.topic), standing(a.table, { owner: orders(1) })])).toEqual([]));

  it.each([
    [{ state: "absent" }, "missing", "repair"],
    [{ state: "dead", because: "it is of life 1" }, "missing", "repair"],
    [{ state: "foreign", because: "its id is another" }, "foreign", "none"],
  ] as const)("%o is %s", (shown, what, remedy) =>
    expect(sweep({ fleet: active, looked: lookedAt(active, { [a.topic.name]: shown }) })).toEqual([
      expect.objectContaining({ class: what, name: a.topic.name, namespace: "orders", remedy }),
    ]),
  );

  it("drifted names every field", () => {
    const drift = [
      { field: "retention.ms", planned: "1", actual: "2" },
      { field: "partitions", planned: "1", actual: "3" },
    ];
    const looked = lookedAt(active, { [a.topic.name]: { state: "drifted", drift } });
    expect(sweep({ fleet: active, looked })).toMatchObject([
      { class: "drifted", fields: drift, remedy: "repair" },
    ]);
  });

  it("is said once, also where the thing in its place is listed", () => {
    const looked = lookedAt(active, { [a.topic.name]: { state: "foreign", because: "another id" } });
    expect(sweep({ fleet: active, looked, things: [standing(a.topic)] })).toHaveLength(1);
  });

  it("is not missed where its backend did not answer", () =>
    expect(
      sweep({ fleet: active, looked: [], listings: [{ backend: "kafka", because: "no answer" }] }),
    ).toEqual([]));
});

describe("what is in no plan", () => {
  it.each([
    ["of a life that is over", deleted, orders(1), "it was removed, and is there", "quarantine"],
    ["of a life that never was", active, orders(7), "never had a life 7", "quarantine"],
    ["of no life that it names", active, orders(0), "nothing in it says which life", "quarantine"],
    ["of a name nobody has", active, { namespace: "ghost", incarnation: 1 }, "was ever asked for", "none"],
  ] as const)("is an orphan where it is ours %s", (_, fleet, owner, because, remedy) => {
    const name = fleet === deleted ? a.topic.name : "strange";
    expect(of(fleet, [thing({ name, owner })])).toEqual([
      expect.objectContaining({
        class: "orphaned",
        namespace: owner.namespace,
        because: expect.stringContaining(because),
        remedy,
      }),
    ]);
  });

  it("is known by its recorded identity where a backend has no place for a tag", () => {
    const made = new Map([["kafka id-1", orders(1)]]);
    expect(of({ ...deleted, made }, [standing(a.topic)])).toMatchObject([
      { class: "orphaned", remedy: "quarantine" },
    ]);
    expect(of({ ...deleted, made }, [standing(a.topic, { identity: "id-2" })])).toMatchObject([
      { class: "foreign", remedy: "none" },
    ]);
  });

  it("is foreign where nothing says it is ours", () =>
    expect(of(active, [thing({ name: "theirs" })])).toEqual([
      expect.objectContaining({ class: "foreign", namespace: null, remedy: "none" }),
    ]));

  it("is left to who is at it", () => {
    const busy: readonly NamespaceEvent[] = [a.requested, a.planned, a.intended(a.topic)];
    const running = new Set([a.operation]);
    const things = [standing(a.topic), standing(a.table, { owner: orders(1) })];
    expect(sweep({ fleet: fleetOf(...busy), things, running })).toEqual([]);
  });

  it("what an undo gave up on is cleaned up, and named once", () =>
    expect(of(blocked, [standing(a.topic)])).toEqual([
      expect.objectContaining({ class: "orphaned", name: a.topic.name, remedy: "cleanup" }),
    ]));
});

describe("a login", () => {
  const login = (owner: Thing["owner"], backend: Thing["backend"] = "postgres") =>
    thing({ backend, kind: loginKind, name: "prism_orders_1", owner });
  const made = (fleet: Fleet): Fleet => ({ ...fleet, made: new Map([["postgres 17", orders(1)]]) });
  const found = (because: string, remedy: string) => [
    expect.objectContaining({
      class: "orphaned",
      kind: "login",
      because: expect.stringContaining(because),
      remedy,
    }),
  ];

  it("is no finding where its life has something, or is being worked on", () => {
    expect(of(made(active), [login(orders(1))])).toEqual([]);
    expect(of(blocked, [login(orders(1), "kafka")])).toEqual(of(blocked, []));
    expect(of(fleetOf(a.requested, a.planned), [login(orders(1)), login(orders(7))])).toMatchObject([
      { class: "stuck" },
    ]);
  });

  it("is part of what stands beside it, whatever that is", () => {
    const beside = standing(a.table, { owner: orders(1) });
    const others = [standing(a.table, { owner: orders(2) }), thing({ owner: orders(1) })];
    expect(of(made(deleted), [login(orders(1)), beside])).toMatchObject([{ kind: "wal-table" }]);
    expect(of(made(deleted), [login(orders(1)), ...others]).map(({ kind }) => kind)).toContain("login");
  });

  it("is removed once its life is over, if that has had something there", () => {
    expect(of(made(deleted), [login(orders(1))])).toEqual(found("life 1 of the namespace is over", "remove"));
    expect(of(deleted, [login(orders(1))])).toEqual(found("is over", "quarantine"));
    expect(of(made(deleted), [login(orders(1), "nats")])).toEqual(found("is over", "quarantine"));
    const next = fleetOf(...l.gone, ...l.active);
    expect(of(made(next), [login(orders(1))])).toEqual(found("life 1 of the namespace is over", "remove"));
    expect(of(made(next), [login(orders(2))])).toEqual([]);
  });

  it("is only said where no history knows it, or its life goes on", () => {
    expect(of(made(active), [login(orders(7))])).toEqual(found("never had a life 7", "quarantine"));
    expect(of(made(active), [login(orders(1), "s3")])).toEqual(found("nothing there any more", "quarantine"));
    expect(of(fleetOf(), [login(orders(1))])).toEqual(found("was ever asked for", "none"));
  });
});

describe("what is under way", () => {
  const busy = fleetOf(a.requested, a.planned);
  it("is stuck without a workflow", () => {
    expect(sweep({ fleet: busy, running: new Set([a.operation]) })).toEqual([]);
    expect(sweep({ fleet: busy })).toEqual([
      expect.objectContaining({ class: "stuck", operation: a.operation, remedy: "resume" }),
    ]);
  });
  it("is not looked at", () =>
    expect(lookedAt(fleetOf(...l.active, l.updateRequested(l.largerRequest)))).toEqual([]));
});

describe("quota", () => {
  const amounts = { write_rps: 1, read_rps: 1, data_size: 1, namespaces: 1 };
  const by = (operation: string) => ({ operation, amounts });
  it.each([
    ["a namespace in use holds", active, holding({ committed: by(a.operation) }), undefined],
    [
      "an operation under way reserved",
      fleetOf(a.requested),
      holding({ pending: by(a.operation) }),
      undefined,
    ],
    ["what is blocked holds", blocked, holding({ pending: by(a.operation) }), undefined],
    ["a deleted namespace holds", deleted, holding({ committed: by(a.operation) }), "return"],
    [
      "an operation that has ended reserved",
      active,
      holding({ committed: by("1"), pending: by("2") }),
      "return",
    ],
    ["nobody knows what for", fleetOf(), holding({ committed: by("1") }), "none"],
  ] as const)("%s: %#", (_, fleet, held, remedy) => {
    const found = sweep({ fleet: withHolding(fleet, held) }).filter((one) => one.class === "leaked");
    expect(found.map((one) => one.remedy)).toEqual(remedy === undefined ? [] : [remedy]);
  });
});

describe("what nobody knows", () => {
  const things = fc.array(
    fc.record({
      backend: fc.constantFrom(...backendKinds),
      kind: fc.constantFrom("topic", "stream", "wal-table", "acl-user", "bucket", loginKind),
      name: fc.constantFrom("orders-queue", "wal_orders", "theirs", "x"),
      identity: fc.string(),
      owner: fc.option(fc.record({ namespace: fc.constantFrom("orders", "ghost"), incarnation: fc.nat(3) }), {
        nil: undefined,
      }),
    }),
  );
  /** What may end in something being removed. */
  const removes = ["cleanup", "remove", "repair", "resume", "return"];

  it("is never removed where nothing is desired", () =>
    fc.assert(
      fc.property(things, (all) => {
        const found = of(fleetOf(), all);
        // What is said of something is said of the logins beside it.
        expect(found.length).toBeGreaterThanOrEqual(all.filter(({ kind }) => kind !== loginKind).length);
        expect(found.filter(({ remedy }) => remedy !== "none")).toEqual([]);
      }),
      runs(1_000),
    ));

  it("is never removed where only some backends answer, or with whatever stands beside a namespace", () =>
    fc.assert(
      fc.property(things, fc.constantFrom(active, deleted, blocked), (all, fleet) => {
        const alone = sweep({ fleet, looked: [] }).filter(({ remedy }) => removes.includes(remedy));
        const among = sweep({ fleet, looked: [], things: all }).filter(({ remedy }) =>
          removes.includes(remedy),
        );
        expect(among).toEqual(alone);
      }),
      runs(1_000),
    ));
});
