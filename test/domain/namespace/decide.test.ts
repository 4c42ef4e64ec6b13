import { describe, expect, it } from "vitest";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";
import * as a from "./examples.ts";
import { given } from "./given.ts";

describe("requesting a namespace", () => {
  it("begins its first life", () => given().when(a.requestIt).thenEvents(a.requested));
  it("is quiet when the same operation asks twice", () => given(a.requested).when(a.requestIt).thenNothing());
  it("is quiet for an operation that has ended, whatever came after: no life begins twice", () => {
    const again = {
      ...a.requested,
      data: { ...dataOf(a.requested), operation: a.another },
    } as NamespaceEvent;
    given(a.requested, a.failed()).when(a.requestIt).thenNothing();
    given(a.requested, a.failed(), again, a.failed()).when(a.requestIt).thenNothing();
  });
  it("is refused while another operation has the name", () =>
    given(a.requested)
      .when({ ...a.requestIt, operation: a.another })
      .thenRefused("NAMESPACE_EXISTS"));
  it("is refused while the name is in use", () =>
    given(...a.ready, a.activated)
      .when({ ...a.requestIt, operation: a.another })
      .thenRefused("NAMESPACE_EXISTS"));
  it("may take the name of a failed one that left nothing behind", () =>
    given(a.requested, a.failed())
      .when({ ...a.requestIt, operation: a.another })
      .thenTypes("NamespaceRequested"));
  it("may not where something could not be removed", () =>
    given(a.requested, a.blocked, a.failed(true))
      .when({ ...a.requestIt, operation: a.another })
      .thenRefused("NAMESPACE_EXISTS"));
  it("begins the next life with nothing of the last", () => {
    const again = {
      ...a.requested,
      data: { ...a.requested.data, operation: a.another },
    } as typeof a.requested;
    const namespace = [a.requested, a.planned, a.intended(a.topic), a.failed(), again].reduce(evolve, absent);
    expect(namespace).toMatchObject({ incarnation: 2, plan: undefined, status: "provisioning" });
    expect(namespace.resources.size).toBe(0);
  });
});

describe("selecting a plan", () => {
  it("records plan, reasons and hash", () => given(a.requested).when(a.selectIt).thenEvents(a.planned));
  it("keeps the first choice, whatever today's rules say", () =>
    given(a.requested, a.planned)
      .when({ ...a.selectIt, selection: { ...a.selection, hash: "other" } } as typeof a.selectIt)
      .thenNothing());
});

describe("provisioning a resource", () => {
  it("writes the intent first", () =>
    given(a.requested, a.planned).when(a.intend(a.topic)).thenEvents(a.intended(a.topic)));
  it("is quiet about an intent that stands", () =>
    given(a.requested, a.planned, a.intended(a.topic)).when(a.intend(a.topic)).thenNothing());
  it("intends again what was removed", () =>
    given(a.requested, a.planned, a.intended(a.topic), a.removed(a.topic))
      .when(a.intend(a.topic))
      .thenEvents(a.intended(a.topic)));
  it("records what was made, once", () => {
    given(a.requested, a.intended(a.topic)).when(a.confirm(a.topic)).thenEvents(a.provisioned(a.topic));
    given(a.requested, a.intended(a.topic), a.provisioned(a.topic)).when(a.confirm(a.topic)).thenNothing();
  });
  it("records the new one where the old one was lost", () =>
    given(a.requested, a.intended(a.topic), a.provisioned(a.topic, "old"))
      .when(a.confirm(a.topic, "new"))
      .thenEvents(a.provisioned(a.topic, "new")));
  it("refuses an outcome without an intent", () =>
    given(a.requested, a.planned).when(a.confirm(a.topic)).thenRefused("INTERNAL"));
});

describe("activating a namespace", () => {
  it("follows the probe", () =>
    given(...a.ready)
      .when(a.activateIt)
      .thenEvents(a.activated));
  it("is quiet the second time", () =>
    given(...a.ready, a.activated)
      .when(a.activateIt)
      .thenNothing());

  const needed = [
    a.planned,
    a.provisioned(a.topic),
    a.provisioned(a.table),
    a.opened,
    a.registered,
    a.probed,
  ];
  it.each(needed.map((event) => [event.type, event] as const))("waits for %s", (_, missing) =>
    given(...a.ready.filter((event) => JSON.stringify(event) !== JSON.stringify(missing)))
      .when(a.activateIt)
      .thenRefused("NAMESPACE_NOT_READY"),
  );
  it("does not follow a failure", () =>
    given(...a.ready, a.failed())
      .when(a.activateIt)
      .thenRefused("TOO_LATE"));
});

describe("registering with proxies", () => {
  const register = (...proxies: string[]) =>
    ({ type: "RegisterProxies", operation: a.operation, directoryVersion: "7", proxies }) as const;
  it("names who acknowledged", () =>
    given(a.requested, a.opened).when(register("proxy-1")).thenEvents(a.registered));
  it("is refused when nobody did", () =>
    given(a.requested).when(register()).thenRefused("NAMESPACE_NOT_READY"));
});

describe("failing a create", () => {
  it("ends it", () => given(a.requested).when(a.failIt).thenEvents(a.failed()));
  it("is quiet the second time", () => given(a.requested, a.failed()).when(a.failIt).thenNothing());
  it("says first what was left behind", () =>
    given(a.requested)
      .when({ ...a.failIt, blocked: ["kafka topic orders-queue"] } as typeof a.failIt)
      .thenEvents(a.blocked, a.failed(true)));
  it("comes too late for an active one", () =>
    given(...a.ready, a.activated)
      .when(a.failIt)
      .thenRefused("TOO_LATE"));
});

describe("removing a resource", () => {
  const remove = {
    type: "ConfirmRemoval",
    operation: a.operation,
    resource: a.topic,
    removed: true,
  } as const;
  it("is recorded", () =>
    given(a.requested, a.intended(a.topic)).when(remove).thenEvents(a.removed(a.topic)));
  it("is quiet about what was never intended, or is gone", () => {
    given(a.requested).when(remove).thenNothing();
    given(a.requested, a.intended(a.topic), a.removed(a.topic)).when(remove).thenNothing();
  });
});

describe("a failed attempt", () => {
  const report = (willRetry: boolean) =>
    ({
      type: "ReportStepFailure",
      operation: a.operation,
      step: "select",
      attempt: 1,
      error: a.outage,
      willRetry,
    }) as const;
  it("is recorded with whether it will be tried again", () =>
    given(a.requested)
      .when(report(true))
      .thenEvents({
        type: "StepFailed",
        data: { step: "select", attempt: 1, error: a.outage, will_retry: true },
      }));
  it("says nothing once the operation has ended", () =>
    given(a.requested, a.failed()).when(report(true)).thenNothing());
});

describe("a zombie attempt of an earlier life", () => {
  const again = { ...a.requested, data: { ...dataOf(a.requested), operation: a.another } } as NamespaceEvent;
  const secondLife = given(a.requested, a.planned, a.failed(), again);
  it.each([a.selectIt, a.activateIt, a.failIt, a.intend(a.topic), a.confirm(a.topic)])(
    "$type is refused",
    (command) => secondLife.when(command).thenRefused("OPERATION_IN_PROGRESS"),
  );
});

describe("a late attempt of an operation that has ended", () => {
  it("makes nothing: the name may be free", () =>
    given(a.requested, a.planned, a.failed()).when(a.intend(a.topic)).thenRefused("TOO_LATE"));
  it("is quiet about what was done", () =>
    given(...a.ready, a.activated)
      .when({ type: "RegisterProxies", operation: a.operation, directoryVersion: "9", proxies: ["proxy-1"] })
      .thenNothing());
});

describe("a zombie attempt of another operation", () => {
  const commands = [a.selectIt, a.activateIt, a.failIt, a.intend(a.topic), a.confirm(a.topic)];
  it.each(commands.map((command) => [command.type, command] as const))("%s is refused", (_, command) =>
    given(a.requested)
      .when({ ...command, operation: a.another })
      .thenRefused("OPERATION_IN_PROGRESS"),
  );
});

const dataOf = (event: NamespaceEvent): object => event.data;
