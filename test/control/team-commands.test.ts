import { expect, it } from "vitest";
import { teamCommands } from "../../control/team-commands.ts";
import type { Amounts } from "../../domain/team/quota.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";

it("two parts of a quota that are set at once, at two processes, are both kept", async () => {
  const store = memoryEventStore();
  const [here, there] = [teamCommands(store), teamCommands(store)];
  const set = (at: typeof here, quota: Partial<Amounts>) =>
    at.decide({
      team: "payments",
      operation: crypto.randomUUID(),
      actor: "user:root",
      command: { type: "DefineTeam", team: "payments", quota },
    });
  await set(here, { write_rps: 1, read_rps: 1, data_size: 1_000, namespaces: 1 });
  await Promise.all([set(here, { write_rps: 50 }), set(there, { data_size: 5_000 })]);
  expect((await here.read("payments")).quota).toEqual({
    write_rps: 50,
    read_rps: 1,
    data_size: 5_000,
    namespaces: 1,
  });
});
