import { describe, expect, it } from "vitest";
import { type CreateDependencies, requestNamespace } from "../../api/create-namespace.ts";
import { teamCommands } from "../../control/team-commands.ts";
import { PrismError } from "../../domain/errors.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { request } from "../domain/asking.ts";
import { everything as inventory } from "../domain/inventories.ts";
import * as a from "../domain/namespace/lives.ts";

const away = (what: string) => async () => {
  throw new PrismError("BACKEND_UNAVAILABLE", `${what}: Temporal did not answer`);
};

/** What a create under a key is answered while Temporal is away. */
async function answered(): Promise<unknown> {
  const store = memoryEventStore();
  const teams = teamCommands(store);
  const quota = { write_rps: 10_000, read_rps: 10_000, data_size: 10_000_000_000, namespaces: 2 };
  await teams.decide({
    ...{ team: "payments-team", operation: crypto.randomUUID(), actor: a.root },
    command: { type: "DefineTeam", team: "payments-team", quota },
  });
  let claimed: object | undefined;
  const deps = {
    ...{ store, teams },
    starter: { create: away("start"), notBegun: away("look") },
    keys: { known: async () => claimed, claim: async (_: string, by: object) => (claimed = by) },
    collisions: { assertMayAsk: () => {} },
    inventory,
  } as unknown as CreateDependencies;
  const caller = {
    ...{ subject: a.alice, teams: ["payments-team"], platform: false, audit: false },
    expiresAt: new Date(),
  };
  return requestNamespace(deps, caller, request("queue") as never, "k-1").catch((error: unknown) => error);
}

describe("a create under a key while Temporal is away", () => {
  it("is told why it could not be started, although nobody can say whether it was meanwhile", async () =>
    expect(await answered()).toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: "start: Temporal did not answer",
    }));
});
