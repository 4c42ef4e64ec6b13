import { randomUUID } from "node:crypto";
import { NativeConnection } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerSearchAttributes } from "../../activities/search-attributes.ts";

describe("a worker on a Temporal namespace that knows nothing of Prism", () => {
  const namespace = `bare-${randomUUID().slice(0, 8)}`;
  let connection: NativeConnection;
  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: process.env["PRISM_TEMPORAL_ADDRESS"] ?? "" });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
  });
  afterAll(() => connection?.close());

  const known = async () =>
    Object.keys(
      (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes ?? {},
    );

  it("makes its search attributes known, and again without harm", async () => {
    // A new namespace is known to all of the server a moment later.
    await expect
      .poll(() => registerSearchAttributes(connection, namespace).then(() => "done", String), {
        timeout: 20_000,
      })
      .toBe("done");
    await expect
      .poll(known, { timeout: 20_000 })
      .toEqual(expect.arrayContaining(["PrismNamespace", "PrismOperationId", "PrismPhase"]));
    await registerSearchAttributes(connection, namespace);
    await Promise.all([1, 2, 3].map(() => registerSearchAttributes(connection, namespace)));
  });
});
