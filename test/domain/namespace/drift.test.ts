import { describe, expect, it } from "vitest";
import type { Command } from "../../../domain/namespace/commands.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";
import * as l from "./lives.ts";

const found: Command<"DetectDrift"> = {
  type: "DetectDrift",
  operation: l.sweep,
  findings: [l.finding],
  repair: null,
};
const repair: Command<"DetectDrift"> = { ...found, operation: l.repairing, repair: a.workflow };
const complete: Command<"CompleteRepair"> = {
  type: "CompleteRepair",
  operation: l.repairing,
  resources: ["kafka topic orders-queue"],
};
const failRepair: Command<"FailRepair"> = { type: "FailRepair", operation: l.repairing, error: a.outage };
const degrade: Command<"DegradeNamespace"> = {
  type: "DegradeNamespace",
  operation: l.sweep,
  because: "a broker is away",
};
const recover: Command<"RecoverNamespace"> = { type: "RecoverNamespace", operation: l.sweep };
const quarantine: Command<"QuarantineOrphan"> = {
  type: "QuarantineOrphan",
  operation: l.sweep,
  resource: l.orphan,
  because: "no plan has it",
};
const begun = [...l.active, l.driftDetected()];

describe("what a sweep finds", () => {
  it("is recorded where it is news", () => {
    given(...l.active)
      .when(found)
      .thenEvents(l.driftDetected([l.finding], false));
    given(...l.active, l.driftDetected([l.finding], false))
      .when(found)
      .thenNothing();
    given(...l.active)
      .when({ ...found, findings: [] })
      .thenNothing();
  });
  it("is recorded as gone when all is as planned again", () =>
    given(...l.active, l.driftDetected([l.finding], false))
      .when({ ...found, findings: [] })
      .thenEvents(l.driftDetected([], false)));
  it("begins no operation", () =>
    expect([...l.active, l.driftDetected([l.finding], false)].reduce(evolve, absent)).toMatchObject({
      operation: { id: a.operation },
      drift: [l.finding],
    }));
  it("is refused of a name nobody has", () => given().when(found).thenRefused("NOT_FOUND"));
});

describe("a repair", () => {
  const anew: Command<"IntendResource"> = {
    type: "IntendResource",
    operation: l.repairing,
    resource: a.topic,
    sawAbsent: true,
  };
  it("means what is gone anew, and what it makes then is the namespace's own", () => {
    given(...begun)
      .when(anew)
      .thenEvents(a.intended(a.topic));
    given(...begun, a.intended(a.topic))
      .when(anew)
      .thenNothing();
    const owned = [...begun, a.intended(a.topic)]
      .reduce(evolve, absent)
      .resources.get("kafka topic orders-queue");
    expect(owned).toMatchObject({ sawAbsent: true, identity: undefined });
    given(...begun, a.intended(a.topic))
      .when({ type: "ConfirmResource", operation: l.repairing, resource: a.topic, identity: "id-2" })
      .thenEvents(a.provisioned(a.topic, "id-2"));
  });
  it("means nothing anew of what is there", () =>
    given(...begun)
      .when({ ...anew, sawAbsent: false })
      .thenNothing());
  it("begins with what is to be repaired", () => {
    given(...l.active)
      .when(repair)
      .thenEvents(l.driftDetected());
    given(...l.active, l.degraded)
      .when(repair)
      .thenEvents(l.driftDetected());
  });
  it("is quiet the second time, and where there is nothing to repair", () => {
    given(...begun)
      .when(repair)
      .thenNothing();
    given(...begun, l.driftRepaired)
      .when(repair)
      .thenNothing();
    given(...l.active)
      .when({ ...repair, findings: [] })
      .thenNothing();
  });
  it("waits for the operation that has the namespace", () => {
    given(...l.growing)
      .when(repair)
      .thenRefused("OPERATION_IN_PROGRESS");
  });
  it("is only for one in use", () =>
    given(...l.gone)
      .when(l.as(a.another, repair))
      .thenRefused("NOT_FOUND"));
  it("makes anew what was lost", () => {
    given(...begun)
      .when(l.as(l.repairing, a.confirm(a.topic, "new")))
      .thenEvents(a.provisioned(a.topic, "new"));
    given(...begun)
      .when(complete)
      .thenEvents(l.driftRepaired);
    given(...begun, l.driftRepaired)
      .when(complete)
      .thenNothing();
  });
  it("leaves the namespace in use, and what it has repaired forgotten", () =>
    expect([...begun, l.driftRepaired].reduce(evolve, absent)).toMatchObject({
      status: "active",
      drift: [],
      operation: { kind: "reconcile", state: "succeeded", ended: true },
    }));
  it("may fail: then what was found is as it was", () => {
    given(...begun)
      .when(failRepair)
      .thenEvents(l.repairFailed);
    given(...begun, l.repairFailed)
      .when(failRepair)
      .thenNothing();
    given(...begun, l.driftRepaired)
      .when(failRepair)
      .thenRefused("TOO_LATE");
    expect([...begun, l.repairFailed].reduce(evolve, absent)).toMatchObject({
      status: "active",
      drift: [l.finding],
    });
  });
});

describe("a namespace that keeps less than its promise", () => {
  it("is degraded, and says why", () => {
    given(...l.active)
      .when(degrade)
      .thenEvents(l.degraded);
    given(...l.active, l.degraded)
      .when(degrade)
      .thenNothing();
    given(...l.active, l.degraded)
      .when({ ...degrade, because: "two are" })
      .thenTypes("NamespaceDegraded");
  });
  it("recovers", () => {
    given(...l.active, l.degraded)
      .when(recover)
      .thenEvents(l.recovered);
    given(...l.active)
      .when(recover)
      .thenNothing();
    expect([...l.active, l.degraded, l.recovered].reduce(evolve, absent)).toMatchObject({
      status: "active",
      trouble: undefined,
    });
  });
  it("is an active one, and no other", () => {
    for (const other of [[], a.ready, [a.requested, a.failed()], l.emptied, l.gone]) {
      given(...other)
        .when(degrade)
        .thenRefused("NAMESPACE_NOT_READY");
      given(...other)
        .when(recover)
        .thenRefused("NAMESPACE_NOT_READY");
    }
  });
  it("may be seen by whoever looks, also while another operation has it", () =>
    given(...l.growing)
      .when(degrade)
      .thenEvents(l.degraded));
});

describe("what carries our tag and belongs to no life", () => {
  it("is set aside, once", () => {
    given(...l.gone)
      .when(quarantine)
      .thenEvents(l.quarantined);
    given(...l.gone, l.quarantined)
      .when(quarantine)
      .thenNothing();
  });
  it("is set aside also of a name nobody ever had", () => given().when(quarantine).thenEvents(l.quarantined));
  it("stays set aside in the next life", () => {
    const again = { ...a.requested, data: { ...a.requested.data, operation: a.another } };
    given(...l.gone, l.quarantined, again as typeof a.requested)
      .when(quarantine)
      .thenNothing();
  });
  it("is never what a namespace has", () =>
    given(...l.active)
      .when({ ...quarantine, resource: a.topic })
      .thenRefused("INTERNAL"));
});
