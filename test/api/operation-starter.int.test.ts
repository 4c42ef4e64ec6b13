import { randomUUID } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowIdOf } from "../../api/executions.ts";
import { type OperationStarter, operationStarter } from "../../api/operation-starter.ts";
import { accepted, request } from "../domain/asking.ts";

/** No worker takes what is started here: it stands still where it was begun. */
describe("starting an operation", () => {
  const namespace = `started-${randomUUID().slice(0, 8)}`;
  let connection: Connection;
  let client: Client;
  let starter: OperationStarter;
  const timeouts = { heartbeatMs: 1_000, startToCloseMs: 1_000, stepAttempts: 1, undoAttempts: 1 };
  const over = (connection: Connection, client = new Client({ connection })) =>
    operationStarter(
      { client, connection },
      { taskQueue: namespace, timeouts: { ...timeouts, stickyMs: 1_000 }, hasEnded: async () => false },
    );
  beforeAll(async () => {
    connection = await Connection.connect({ address: process.env["PRISM_TEMPORAL_ADDRESS"] ?? "" });
    client = new Client({ connection });
    starter = over(connection, client);
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

  it("one that nobody started is not there, whatever it is called", async () => {
    for (const operation of [randomUUID(), "\\", "'", "\\' or 1=1", "%", "\n", "🙃"])
      expect(await starter.notBegun({ operation }), operation).toBeUndefined();
  });

  it("whether one is under way nobody can say while Temporal is away: try again", {
    timeout: 60_000,
  }, async () => {
    // Nothing listens there.
    const away = Connection.lazy({ address: "127.0.0.1:1" });
    for (const by of [{ namespace }, { operation: randomUUID() }])
      await expect(over(away).notBegun(by)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await away.close();
  });
});
