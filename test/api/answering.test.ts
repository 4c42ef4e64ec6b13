import type { FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import { type AnsweringDependencies, answering } from "../../api/answering.ts";
import { inUse } from "../../api/change-routes.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { type NamespaceRow, namespaces } from "../../domain/projections/namespaces.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import * as a from "../domain/namespace/lives.ts";
import { closed, goingOn } from "./starters.ts";
import { happened } from "./stream.ts";

type Answer = { code: number; body: { operation?: { state: string } } };

/** The code that somebody is answered who waited for the move that these events end with. */
const answered = async (...events: readonly NamespaceEvent[]) => (await answerTo(events, goingOn)).code;

async function answerTo(
  events: readonly NamespaceEvent[],
  starter: typeof goingOn,
  waitSeconds = 30,
): Promise<Answer> {
  const store = memoryEventStore();
  await happened(store, ...events);
  let row: NamespaceRow | undefined;
  for await (const event of store.readStream("namespace-orders")) row = namespaces.apply(row, event as never);
  const deps = {
    ...{ store, starter },
    namespaces: { waitFor: async () => true, get: async () => row },
    operations: { waitFor: async () => true },
    leases: { live: async () => [] },
    dataSizes: { of: async () => [] },
  } as unknown as AnsweringDependencies;
  const caller = { subject: "user:root", teams: [], platform: true, audit: false, expiresAt: new Date() };
  const started = {
    ...{ operation: a.moving, namespace: "orders", actor: a.root, team: "payments-team" },
    kind: "move",
    ...{ client_api: "queue", started_at: "", workflow: { id: "", run_id: "" } },
  } as const;
  const answer: Answer = { code: 0, body: {} };
  const reply = {
    header: () => reply,
    status: (given: number) => {
      answer.code = given;
      return reply;
    },
    send(body: Answer["body"]) {
      answer.body = body;
      return reply;
    },
  };
  await answering(deps)(
    { caller, started, prefer: `wait=${waitSeconds}`, done: inUse },
    reply as unknown as FastifyReply,
  );
  return answer;
}
const move = [...a.moveable, a.moved, a.sourceClosed, a.sourceDrained, a.moveCompleted];

describe("who waits for a move is answered", () => {
  it("200 when it has ended", async () => expect(await answered(...a.active, ...move)).toBe(200));
  it("200 also of a namespace that is degraded, and stays so", async () =>
    expect(await answered(...a.active, a.degraded, ...move)).toBe(200));
  it("202 while it goes on", async () =>
    expect((await answerTo([...a.active, ...a.moveable], goingOn, 1)).code).toBe(202));
  it("how it ended, where another one was quicker and there was nothing left to do", async () => {
    const { code, body } = await answerTo(a.active, closed(null));
    expect({ code, state: body.operation?.state }).toEqual({ code: 202, state: "succeeded" });
  });
  it("the refusal, where another one was quicker", async () => {
    const failure = { code: "TOO_LATE", message: "another was quicker", details: {} } as const;
    await expect(answerTo(a.active, closed(failure))).rejects.toMatchObject({ code: "TOO_LATE" });
  });
});
