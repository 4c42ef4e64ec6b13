import type { FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import { type AnsweringDependencies, answering } from "../../api/answering.ts";
import { inUse } from "../../api/change-routes.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import * as a from "../domain/namespace/lives.ts";
import { happened } from "./stream.ts";

/** What somebody is answered who waited for the move that these events end with. */
async function answered(...events: readonly NamespaceEvent[]): Promise<number> {
  const store = memoryEventStore();
  await happened(store, ...events);
  let row: NamespaceRow | undefined;
  for await (const event of store.readStream("namespace-orders")) row = namespaces.apply(row, event as never);
  const deps = {
    store,
    namespaces: { waitFor: async () => true, get: async () => row },
    operations: { waitFor: async () => true },
    leases: { live: async () => [] },
  } as unknown as AnsweringDependencies;
  const caller = { subject: "user:root", teams: [], platform: true, audit: false, expiresAt: new Date() };
  const started = {
    ...{ operation: a.moving, namespace: "orders", actor: a.root, team: "payments-team" },
    kind: "move",
    ...{ client_api: "queue", started_at: "", workflow: { id: "", run_id: "" } },
  } as const;
  let code = 0;
  const reply = {
    header: () => reply,
    status: (given: number) => {
      code = given;
      return reply;
    },
    send: () => reply,
  };
  await answering(deps)({ caller, started, prefer: "wait=1", done: inUse }, reply as unknown as FastifyReply);
  return code;
}
const move = [...a.moveable, a.moved, a.sourceClosed, a.sourceDrained, a.moveCompleted];

describe("who waits for a move is answered", () => {
  it("200 when it has ended", async () => expect(await answered(...a.active, ...move)).toBe(200));
  it("200 also of a namespace that is degraded, and stays so", async () =>
    expect(await answered(...a.active, a.degraded, ...move)).toBe(200));
  it("202 while it goes on", async () => expect(await answered(...a.active, ...a.moveable)).toBe(202));
});
