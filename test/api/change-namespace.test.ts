import { describe, expect, it } from "vitest";
import { requestUpdate } from "../../api/change-namespace.ts";
import type { CreateDependencies } from "../../api/create-namespace.ts";
import { teamCommands } from "../../control/team-commands.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { failed, requested } from "../domain/namespace/examples.ts";
import * as a from "../domain/namespace/lives.ts";
import { happened } from "./stream.ts";

/** How an update is refused of a namespace with this past. */
async function refusalOf(past: readonly NamespaceEvent[], patch: object, ifVersion?: number) {
  const store = memoryEventStore();
  const teams = teamCommands(store);
  const quota = { write_rps: 200, read_rps: 200, data_size: 10_000_000_000, namespaces: 2 };
  for (const team of ["payments-team", "audit-team"])
    await teams.decide({
      ...{ team, operation: crypto.randomUUID(), actor: a.root },
      command: { type: "DefineTeam", team, quota },
    });
  await happened(store, ...past);
  const caller = {
    ...{ subject: a.alice, teams: ["payments-team"], platform: false, audit: false },
    expiresAt: new Date(),
  };
  const asking = { caller, namespace: "orders", idempotencyKey: undefined };
  const deps = { store, teams } as unknown as CreateDependencies;
  return requestUpdate(deps, asking, patch as never, ifVersion).then(
    () => "accepted",
    ({ code }: { code: string }) => code,
  );
}
const tooMuch = { needs: { write_rps: 100_000 } };
const wrong = { needs: { durability: "hope" } };

describe("an update is refused", () => {
  it.each([
    ["that was deleted", a.gone],
    ["that has failed", [requested, failed()]],
  ])("of a namespace %s, whatever it asks for", async (_, past) => {
    for (const patch of [{}, tooMuch, wrong]) expect(await refusalOf(past, patch)).toBe("NOT_FOUND");
  });

  it("while another one goes on, or of a version that was, whatever it asks for", async () => {
    expect(await refusalOf(a.growing, wrong)).toBe("OPERATION_IN_PROGRESS");
    expect(await refusalOf(a.active, wrong, 7)).toBe("VERSION_CONFLICT");
  });

  it("of one that is there for what is wrong with it", async () => {
    expect(await refusalOf(a.active, wrong)).toBe("INVALID_CONFIGURATION");
    expect(await refusalOf(a.active, tooMuch)).toBe("QUOTA_EXCEEDED");
  });
});
