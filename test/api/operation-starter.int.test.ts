import { randomUUID } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OperationStarter, operationStarter, workflowIdOf } from "../../api/operation-starter.ts";
import { accepted, request } from "../domain/asking.ts";

/** No worker takes what is started here: it stands still where it was begun. */
describe("starting an operation", () => {
  const namespace = `started-${randomUUID().slice(0, 8)}`;
  let connection: Connection;
  let client: Client;
  let starter: OperationStarter;
  beforeAll(async () => {
    connection = await Connection.connect({ address: process.env["PRISM_TEMPORAL_ADDRESS"] ?? "" });
    client = new Client({ connection });
    const timeouts = { heartbeatMs: 1_000, startToCloseMs: 1_000, stepAttempts: 1, undoAttempts: 1 };
    starter = operationStarter(
      { client, connection },
      { taskQueue: namespace, timeouts: { ...timeouts, stickyMs: 1_000 }, hasEnded: async () => false },
    );
  });
  afterAll(async () => {
    await client.workflow.getHandle(workflowIdOf(namespace)).terminate();
    await connection.close();
  });

  const asked = accepted(request("queue", {}, { namespace })).request;
  const create = (operation: string) => starter.create({ namespace, operation, actor: "user:alice" }, asked);

  it("again, as where the answer was lost, is the same one; another finds the name taken", async () => {
    const operation = randomUUID();
    const first = await create(operation);
    expect(await create(operation)).toMatchObject({ operation, workflow: first.workflow });
    await expect(create(randomUUID())).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
  });
});
