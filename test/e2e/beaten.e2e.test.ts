import { randomUUID } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OperationStarter, operationStarter } from "../../api/operation-starter.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import { accepted } from "../domain/asking.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

/** Begun by another API process, which had looked before somebody else was quicker. */
describe("an operation that somebody else was quicker than", () => {
  let prism: TestPrism;
  let alice: Control;
  let connection: Connection;
  let other: OperationStarter;
  beforeAll(async () => {
    prism = await testPrism();
    alice = await prism.control(member);
    connection = await Connection.connect({ address: prism.environment["PRISM_TEMPORAL_ADDRESS"] ?? "" });
    const timeouts = { heartbeatMs: 1_000, startToCloseMs: 10_000, stepAttempts: 4, undoAttempts: 2 };
    other = operationStarter(
      { client: new Client({ connection }), connection },
      {
        taskQueue: prism.environment["PRISM_TASK_QUEUE"] ?? "",
        timeouts: { ...timeouts, stickyMs: 1_000 },
        hasEnded: async () => true,
      },
    );
  });
  afterAll(async () => {
    await connection?.close();
    await prism?.close();
  });

  const occasionOf = (namespace: string) =>
    ({ namespace, operation: randomUUID(), actor: "user:alice", asker: "team" }) as const;
  /** A namespace in service, as it was asked for. */
  const active = async (prefix: string): Promise<NamespaceRequest> => {
    const document = queueRequest(prism.name(prefix));
    await alice.namespaces.create(document, { waitSeconds: 40 });
    return accepted(document as never).request;
  };
  const ended = async (operation: string) => {
    const now = () => alice.operations.get(operation).catch(() => undefined);
    await until(async () => ((await now())?.ended_at ?? null) !== null);
    return alice.operations.get(operation);
  };
  const watched = async (operation: string) => {
    const states: string[] = [];
    for await (const { state } of alice.operations.watch(operation)) states.push(state);
    return states;
  };

  it("has failed with the code that the quicker one's loser is told at once, and so it is watched", async () => {
    const request = await active("overtaken");
    const { namespace } = request;
    await alice.namespaces.update(namespace, { access: { consumers: [] } }, { waitSeconds: 40 });
    const { operation } = await other.update(occasionOf(namespace), request, 1);
    expect(await ended(operation)).toMatchObject({
      ...{ kind: "update", state: "failed", namespace },
      error: { code: "VERSION_CONFLICT", details: { field: "If-Match", version: 2 } },
    });
    expect(await watched(operation)).toEqual(["failed"]);
    await expect(alice.operations.cancel(operation)).rejects.toMatchObject({ code: "TOO_LATE" });
    expect(await other.notBegun({ operation })).toMatchObject({
      closed: { failure: { code: "VERSION_CONFLICT" } },
    });
    // It holds nothing up.
    const change = { needs: { write_rps: 150 } };
    expect((await alice.namespaces.update(namespace, change, { waitSeconds: 40 })).version).toBe(3);
  });

  it("has failed where the name was taken", async () => {
    const request = await active("taken");
    const { operation } = await other.create(occasionOf(request.namespace), request);
    expect(await ended(operation)).toMatchObject({ state: "failed", error: { code: "NAMESPACE_EXISTS" } });
  });

  it("has succeeded where all is as it asks already", async () => {
    const request = await active("alike");
    const { operation } = await other.update(occasionOf(request.namespace), request, undefined);
    expect(await ended(operation)).toMatchObject({ state: "succeeded", error: null });
    expect(await watched(operation)).toEqual(["succeeded"]);
  });
});
