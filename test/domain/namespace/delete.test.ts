import { describe, expect, it } from "vitest";
import type { Command, NamespaceCommand } from "../../../domain/namespace/commands.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent, isFree } from "../../../domain/namespace/namespace.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const operation = l.deleting;
const remove: Command<"RequestDeletion"> = {
  type: "RequestDeletion",
  operation,
  workflow: a.workflow,
  confirm: "orders",
};
const everyone = { directoryVersion: "20", proxies: ["proxy-1"] };
const stop: Command<"StopTraffic"> = { type: "StopTraffic", operation, ...everyone };
const drain: Command<"CompleteDrain"> = { type: "CompleteDrain", operation, drained: 7, aborted: 1 };
const stopProviders: Command<"StopProviders"> = { type: "StopProviders", operation, ...everyone };
const archive: Command<"ArchiveAudit"> = {
  type: "ArchiveAudit",
  operation,
  bucket: "prism-archive",
  key: "orders/1.json.gz",
  digest: "d1",
  revision: "15",
};
const intendRemoval: Command<"IntendRemoval"> = { type: "IntendRemoval", operation, resource: a.topic };
const confirmRemoval: Command<"ConfirmRemoval"> = {
  type: "ConfirmRemoval",
  operation,
  resource: a.topic,
  removed: true,
};
const unregister: Command<"UnregisterProxies"> = { type: "UnregisterProxies", operation };
const complete: Command<"CompleteDeletion"> = { type: "CompleteDeletion", operation, ...everyone };
const fail: Command<"FailDeletion"> = { type: "FailDeletion", operation, error: a.outage, blocked: [] };

const namespaceAfter = (events: readonly NamespaceEvent[]) => events.reduce(evolve, absent);

describe("asking to delete", () => {
  it("says whose it is and what there is to remove", () => {
    given(...l.active)
      .when(remove)
      .thenEvents(l.deletionRequested);
    expect(namespaceAfter([...l.active, l.deletionRequested]).status).toBe("deleting");
  });
  it("is quiet the second time, also when it has ended", () => {
    given(...l.active, l.deletionRequested)
      .when(remove)
      .thenNothing();
    given(...l.gone)
      .when(remove)
      .thenNothing();
  });
  it("of another version than there is, is refused", () => {
    given(...l.active)
      .when({ ...remove, ifVersion: 2 })
      .thenRefused("VERSION_CONFLICT");
    given(...l.active)
      .when({ ...remove, ifVersion: 1 })
      .thenTypes("DeletionRequested");
  });
  it.each([[undefined], ["order"]])("needs the name as confirmation, not %s", (confirm) =>
    given(...l.active)
      .when({ ...remove, confirm })
      .thenRefused("CONFIRMATION_REQUIRED"),
  );
  it("is refused under protection, until an update has taken that away", () => {
    const request = { ...a.requested, data: { ...dataOf(a.requested), request: l.protectedRequest } };
    const kept = [request as NamespaceEvent, ...l.active.slice(1)];
    given(...kept)
      .when(remove)
      .thenRefused("DELETION_PROTECTED");
    given(...kept, l.updateRequested(a.request, "policies.deletion_protection"), l.applied, a.registered)
      .when(remove)
      .thenTypes("DeletionRequested");
  });
  it("is refused while an operation has it, also the create: cancel that first", () => {
    for (const busy of [a.ready, l.waiting, l.growing, [...l.active, l.deletionRequested]]) {
      given(...busy)
        .when(l.as(a.another, remove))
        .thenRefused("OPERATION_IN_PROGRESS");
    }
    given(a.requested, l.cancelled, a.failed()).when(remove).thenTypes("DeletionRequested");
  });
  it("is refused where there is nothing", () => {
    given().when(remove).thenRefused("NOT_FOUND");
    given(...l.gone)
      .when(l.as(a.another, remove))
      .thenRefused("NOT_FOUND");
  });
});

describe("a delete", () => {
  const steps: readonly (readonly [NamespaceCommand, NamespaceEvent])[] = [
    [stop, l.stopped],
    [drain, l.drained],
    [stopProviders, l.providersStopped],
    [archive, l.archived],
    [intendRemoval, l.removalIntended(a.topic)],
    [confirmRemoval, a.removed(a.topic)],
    [{ ...intendRemoval, resource: a.table }, l.removalIntended(a.table)],
    [{ ...confirmRemoval, resource: a.table }, a.removed(a.table)],
    [unregister, l.unregistered],
    [complete, l.deleted],
  ];
  const upTo = (step: number) => [
    ...l.active,
    l.deletionRequested,
    ...steps.slice(0, step).map(([, e]) => e),
  ];
  const numbered = steps.map(([command, event], step) => [command.type, command, event, step] as const);

  it.each(numbered)("takes its steps in order: %s", (_, command, event, step) =>
    given(...upTo(step))
      .when(command)
      .thenEvents(event),
  );
  it.each(numbered)("is quiet about a step that is done: %s", (_, command, __, step) =>
    given(...upTo(step + 1))
      .when(command)
      .thenNothing(),
  );
  it.each(numbered.slice(1).filter(([type]) => type !== "ConfirmRemoval" && type !== "IntendRemoval"))(
    "takes none before the one it rests on: %s",
    (_, command, __, step) =>
      given(...upTo(step - 1))
        .when(command)
        .thenRefused("NAMESPACE_NOT_READY"),
  );
  it("removes nothing before it is drained and the evidence is kept", () => {
    for (const step of [0, 1, 2, 3]) {
      for (const command of [intendRemoval, confirmRemoval]) {
        given(...upTo(step))
          .when(command)
          .thenRefused("NAMESPACE_NOT_READY");
      }
    }
  });
  it("makes nothing", () =>
    given(...upTo(0))
      .when(l.as(operation, a.intend({ ...a.topic, name: "new" })))
      .thenRefused("INTERNAL"));
  it("frees the name at its end, and not before", () => {
    expect(isFree(namespaceAfter(upTo(steps.length)))).toBe(true);
    expect(isFree(namespaceAfter(upTo(steps.length - 1)))).toBe(false);
    given(...l.gone)
      .when({ ...a.requestIt, operation: a.another })
      .thenTypes("NamespaceRequested");
  });
  it("has no steps of a create, and a create none of it", () => {
    given(...upTo(0))
      .when(l.as(operation, a.activateIt))
      .thenRefused("INTERNAL");
    given(...a.ready)
      .when(l.as(a.operation, stop))
      .thenRefused("INTERNAL");
  });
});

describe("a delete that does not come to its pivot", () => {
  it("leaves the namespace what it was", () => {
    given(...l.active, l.deletionRequested, l.stopped)
      .when(fail)
      .thenEvents(l.deletionFailed);
    const failed = [l.deletionRequested, l.stopped, l.deletionFailed];
    expect(namespaceAfter([...l.active, ...failed]).status).toBe("active");
    expect(namespaceAfter([...l.active, l.degraded, ...failed]).status).toBe("degraded");
    expect(namespaceAfter([a.requested, a.failed(), ...failed]).status).toBe("failed");
  });
  it("is quiet the second time, and too late after the pivot", () => {
    given(...l.active, l.deletionRequested, l.deletionFailed)
      .when(fail)
      .thenNothing();
    given(...l.emptied)
      .when(fail)
      .thenRefused("TOO_LATE");
  });
  describe("whose log could not be opened again", () => {
    const blocked = { type: "CleanupBlocked", data: { resources: ["log"] } } as const;
    const closed = {
      type: "NamespaceDegraded",
      data: { namespace: "orders", because: expect.stringContaining("log takes nothing") },
    };
    const begun = [...l.active, l.deletionRequested, l.stopped];
    const closedOne = [...begun, blocked, l.deletionFailed, closed as NamespaceEvent];
    const cleaned = { type: "CleanupCompleted", data: { resources: ["log"] } } as const;
    const completeCleanup = { type: "CompleteCleanup", operation } as const;

    it("says so, and is degraded where it was in use", () => {
      given(...begun)
        .when({ ...fail, blocked: ["log"] })
        .thenEvents(blocked, l.deletionFailed, closed as NamespaceEvent);
      expect(namespaceAfter(closedOne).status).toBe("degraded");
      given(a.requested, a.failed(), l.deletionRequested)
        .when({ ...fail, blocked: ["log"] })
        .thenEvents(blocked, l.deletionFailed);
    });
    it("does not recover because its resources are there", () =>
      given(...closedOne)
        .when({ type: "RecoverNamespace", operation })
        .thenNothing());
    it("recovers once the log is open, unless something else is wrong", () => {
      given(...closedOne)
        .when(completeCleanup)
        .thenEvents(cleaned, l.recovered);
      given(...closedOne, l.driftDetected([l.finding], false))
        .when(completeCleanup)
        .thenEvents(cleaned);
    });
    it("can be deleted", () =>
      given(...closedOne)
        .when(l.as(a.another, remove))
        .thenTypes("DeletionRequested"));
  });
  it("can be asked for again", () =>
    given(...l.active, l.deletionRequested, l.deletionFailed)
      .when(l.as(a.another, remove))
      .thenTypes("DeletionRequested"));
});

describe("what a create left behind", () => {
  const half = [a.requested, a.planned, a.intended(a.topic), a.blocked, a.failed(true)];
  it("can be deleted, also where its cleanup is blocked", () => {
    given(...half)
      .when(remove)
      .thenTypes("DeletionRequested");
    given(...l.waiting, l.rejected, l.namespaceRejected)
      .when(remove)
      .thenTypes("DeletionRequested");
  });
  it("has no traffic to stop", () =>
    given(...half, l.deletionRequested)
      .when(drain)
      .thenEvents(l.drained));
  it("is not protected: nothing was ever in it", () => {
    const request = { ...a.requested, data: { ...dataOf(a.requested), request: l.protectedRequest } };
    given(request as NamespaceEvent, a.failed())
      .when(remove)
      .thenTypes("DeletionRequested");
  });
  it("leaves a free name", () => {
    const deleted = [l.deletionRequested, l.drained, l.providersStopped, l.archived, a.removed(a.topic)];
    const namespace = namespaceAfter([...half, ...deleted, l.unregistered, l.deleted]);
    expect(namespace).toMatchObject({ status: "deleted", blocked: [] });
    expect(isFree(namespace)).toBe(true);
  });
});

const dataOf = (event: NamespaceEvent): object => event.data;
