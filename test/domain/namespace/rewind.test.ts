import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import { logTableOf } from "../../../domain/namespace/rewind.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const operation = l.rewinding;
const ask: Command<"RequestRewind"> = { type: "RequestRewind", operation, workflow: a.workflow };
const complete: Command<"CompleteRewind"> = { type: "CompleteRewind", operation, messages: 7, from: "12" };
const fail: Command<"FailRewind"> = { type: "FailRewind", operation, error: a.outage };
const begun = [...l.active, l.rewindRequested];
const { plan } = a.selection;

describe("asking to rewind a relay", () => {
  it("is for a namespace in use", () => {
    given(...l.active)
      .when(ask)
      .thenEvents(l.rewindRequested);
    given(...l.active, l.degraded)
      .when(ask)
      .thenEvents(l.rewindRequested);
    for (const other of [[], [a.requested, a.failed()], l.gone]) {
      given(...other)
        .when(ask)
        .thenRefused("NOT_FOUND");
    }
  });
  it("is quiet the second time, also when it has ended", () => {
    given(...begun)
      .when(ask)
      .thenNothing();
    given(...begun, l.rewound)
      .when(ask)
      .thenNothing();
  });
  it("waits for the operation that has the namespace", () => {
    for (const busy of [a.ready, l.growing, l.emptied]) {
      given(...busy)
        .when(ask)
        .thenRefused("OPERATION_IN_PROGRESS");
    }
    given(...begun)
      .when({ type: "RequestDeletion", operation: l.deleting, workflow: a.workflow, confirm: "orders" })
      .thenRefused("OPERATION_IN_PROGRESS");
  });
  it("is refused where nothing is kept that could be sent again", () => {
    const bare = { ...plan, patterns: [], resources: [a.topic] };
    const planned = { ...l.plannedOverCap, data: { ...l.plannedOverCap.data, approval: [], plan: bare } };
    given(a.requested, planned, ...l.active.slice(2))
      .when(ask)
      .thenRefused("INVALID_CONFIGURATION");
  });
});

describe("a rewind", () => {
  it("ends with how much is sent again, once", () => {
    given(...begun)
      .when(complete)
      .thenEvents(l.rewound);
    given(...begun, l.rewound)
      .when({ ...complete, messages: 9 })
      .thenNothing();
    given(...begun)
      .when({ ...complete, messages: 0, from: undefined })
      .thenEvents({ type: "RelayRewound", data: { messages: 0, from: null } });
    given(...begun, l.rewound)
      .when(fail)
      .thenRefused("TOO_LATE");
  });
  it("leaves the namespace in use, however it ends", () => {
    expect([...begun, l.rewound].reduce(evolve, absent)).toMatchObject({
      status: "active",
      operation: { kind: "rewind", state: "succeeded", ended: true },
    });
    expect([...begun, l.rewindFailed].reduce(evolve, absent)).toMatchObject({
      status: "active",
      operation: { kind: "rewind", state: "failed", ended: true },
    });
  });
  it("can be cancelled, and fails as cancelled", () =>
    given(...begun, l.cancelled)
      .when(fail)
      .thenTypes("RewindFailed"));
  it("is no step of another operation", () =>
    given(...l.growing)
      .when(l.as(l.updating, complete))
      .thenRefused("INTERNAL"));
});

describe("the table that is sent again", () => {
  const replay = { ...a.table, kind: "replay-table", name: "replay_orders" };
  it("is the log's, and the replay store's where that is the log", () => {
    expect(logTableOf({ ...plan, resources: [a.topic, replay, a.table] })).toBe("wal_orders");
    expect(logTableOf({ ...plan, resources: [a.topic, replay] })).toBe("replay_orders");
    expect(logTableOf({ ...plan, resources: [a.topic] })).toBeUndefined();
  });
});
