import { describe, expect, it } from "vitest";
import type { Command, NamespaceCommand } from "../../../domain/namespace/commands.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import { type NamespaceRow, namespaces } from "../../../domain/projections/namespaces.ts";
import { servingIn, shardsOf } from "../../../domain/projections/serving.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";
import { recorded } from "./recorded.ts";

const operation = l.moving;
const ask: Command<"RequestMove"> = { type: "RequestMove", operation, to: "shard-2", workflow: a.workflow };
const open: NamespaceCommand = { type: "OpenTarget", operation };
const close: NamespaceCommand = { type: "CloseTarget", operation };
const go: NamespaceCommand = { type: "MoveNamespace", operation, endpoints: [] };
const fail = (...blocked: string[]): NamespaceCommand => ({
  type: "FailMove",
  operation,
  error: a.outage,
  blocked,
});
const begun = [...l.active, l.moveRequested];
const ready = [...l.active, ...l.moveable];

describe("asking for a move", () => {
  it("is for a namespace in use, and quiet the second time", () => {
    given(...l.active)
      .when(ask)
      .thenEvents(l.moveRequested);
    given(...begun)
      .when(ask)
      .thenNothing();
    for (const other of [[], [a.requested, a.failed()], l.gone]) {
      given(...other)
        .when(ask)
        .thenRefused("NOT_FOUND");
    }
  });
  it("waits for the operation that has the namespace, and is refused where it is there already", () => {
    given(...l.growing)
      .when(ask)
      .thenRefused("OPERATION_IN_PROGRESS");
    given(...l.active)
      .when({ ...ask, to: "shard-1" })
      .thenRefused("INVALID_CONFIGURATION");
  });
  it("goes nowhere else while what an earlier one left may still serve", () => {
    const left = [...begun, l.targetOpened, l.targetClosed, l.moveFailed(true)];
    const again = { ...ask, operation: l.updating };
    given(...left)
      .when({ ...again, to: "shard-3" })
      .thenRefused("NAMESPACE_NOT_READY");
    given(...left)
      .when(again)
      .thenTypes("MoveRequested");
  });
});

describe("a move", () => {
  it("takes effect only once a round trip through the new shard was seen", () => {
    given(...begun, l.targetOpened, a.registered)
      .when(go)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...ready)
      .when(go)
      .thenTypes("NamespaceMoved");
    given(...begun)
      .when({ type: "RegisterProxies", operation, directoryVersion: "20", proxies: ["proxy-2"] })
      .thenRefused("NAMESPACE_NOT_READY");
  });
  it("leaves the old shard in order", () => {
    const moved = [...ready, l.moved];
    const drain: NamespaceCommand = {
      type: "DrainSource",
      operation,
      directoryVersion: "20",
      proxies: ["proxy-1"],
      aborted: 0,
    };
    given(...ready)
      .when({ type: "CloseSource", operation })
      .thenRefused("NAMESPACE_NOT_READY");
    given(...moved)
      .when(drain)
      .thenRefused("NAMESPACE_NOT_READY");
    given(...moved, l.sourceClosed)
      .when(drain)
      .thenEvents(l.sourceDrained);
    given(...moved, l.sourceClosed)
      .when({ type: "CompleteMove", operation })
      .thenRefused("NAMESPACE_NOT_READY");
    given(...moved, l.sourceClosed, l.sourceDrained)
      .when({ type: "CompleteMove", operation })
      .thenEvents(l.moveCompleted);
  });
  it("can be undone until clients are told, and what its undo has closed is not opened again", () => {
    given(...ready, l.cancelled)
      .when(close)
      .thenEvents(l.targetClosed);
    given(...ready, l.targetClosed)
      .when(close)
      .thenNothing();
    given(...begun, l.targetClosed)
      .when(open)
      .thenRefused("TOO_LATE");
    given(...ready, l.moved)
      .when(close)
      .thenRefused("TOO_LATE");
    given(...ready, l.moved)
      .when(fail())
      .thenRefused("TOO_LATE");
  });
  it("says when its undo gave up: also where it never came to it", () => {
    given(...ready, l.targetClosed)
      .when(fail())
      .thenEvents(l.moveFailed());
    for (const end of [given(...ready, l.targetClosed).when(fail("shard-2")), given(...ready).when(fail())]) {
      end.thenEvents(l.moveFailed(true));
    }
  });
});

const rowAfter = (...events: readonly (typeof l.moved)[]): NamespaceRow =>
  recorded([...l.active, ...events]).reduce<NamespaceRow | undefined>(
    (row, event) => namespaces.apply(row, event),
    undefined,
  ) ?? expect.fail();
const servingOf = (row: NamespaceRow) => [servingIn(row, "shard-1"), servingIn(row, "shard-2")];

describe("while it is moved", () => {
  it.each([
    ["nobody knows it but its own shard", [l.moveRequested], ["serving", "none"]],
    ["both shards serve it", [l.moveRequested, l.targetOpened], ["serving", "serving"]],
    ["the old one goes on after clients are told", [...l.moveable, l.moved], ["serving", "serving"]],
    ["the old one sends them away", [...l.moveable, l.moved, l.sourceClosed], ["moved", "serving"]],
    [
      "the old one has forgotten it",
      [...l.moveable, l.moved, l.sourceClosed, l.sourceDrained],
      ["none", "serving"],
    ],
    ["an undo has the new one forget it", [...l.moveable, l.targetClosed], ["serving", "none"]],
  ] as const)("%s", (_, events, serving) => {
    const row = rowAfter(...events);
    expect(servingOf(row)).toEqual(serving);
    // Whoever takes rights away waits for both, up to the end.
    expect([...shardsOf(row)].sort()).toEqual(["shard-1", "shard-2"]);
  });
  it("and afterwards, it is one shard's", () => {
    const all = [...l.moveable, l.moved, l.sourceClosed, l.sourceDrained, l.moveCompleted];
    expect(shardsOf(rowAfter(...all))).toEqual(["shard-2"]);
    expect(shardsOf(rowAfter(...l.moveable, l.targetClosed, l.moveFailed()))).toEqual(["shard-1"]);
    const left = rowAfter(...l.moveable, l.targetClosed, l.moveFailed(true));
    expect([shardsOf(left), servingOf(left)]).toEqual([
      ["shard-1", "shard-2"],
      ["serving", "none"],
    ]);
    expect([...l.active, ...all].reduce(evolve, absent)).toMatchObject({
      status: "active",
      shard: "shard-2",
      beside: undefined,
    });
  });
});
