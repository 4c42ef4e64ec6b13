import { describe, expect, it } from "vitest";
import { intervene, type Word } from "../../api/intervene.ts";
import type { Message } from "../../api/interventions.ts";
import { PrismError } from "../../domain/errors.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { activated, another, failed, operation, ready, requested } from "../domain/namespace/examples.ts";
import * as a from "../domain/namespace/lives.ts";
import { happened } from "./stream.ts";

type Hears = (message: Message, say: (event: NamespaceEvent) => Promise<void>) => Promise<"told" | "unheard">;

/** Says a word to an operation with this past; answers what reached the workflow, or the refusal. */
async function said(past: readonly NamespaceEvent[], word: Word, hears: Hears = async () => "told") {
  const store = memoryEventStore();
  await happened(store, ...past);
  const reached: Message[] = [];
  const tell = async (message: Message) => {
    reached.push(message);
    return hears(message, (event) => happened(store, event));
  };
  try {
    const now = () => new Date("2026-01-01T00:00:00Z");
    const position = await intervene({ store, interventions: { tell } }, word, now);
    return { reached, position };
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return { reached, refused: error.code };
  }
}

const to = (verb: "cancel" | "retry" | "abandon", by = "user:alice", id = operation): Word => ({
  verb,
  namespace: "orders",
  told: { operation: id, by },
});
const approve = (plan_hash = "abc", by = "user:root"): Word => ({
  verb: "approve",
  namespace: "orders",
  told: { operation, by, plan_hash },
});

describe("a word to an operation", () => {
  it("reaches its workflow with the revision it was decided on, and counts from what it recorded", async () => {
    const { reached, position } = await said([requested], to("cancel"), async (_, say) => {
      await say(a.cancelled);
      return "told";
    });
    expect(reached).toEqual([{ ...to("cancel"), revision: "0" }]);
    expect(position).toBe(2n);
  });

  it.each([
    ["a cancel of what has succeeded", [...ready, activated], to("cancel"), "TOO_LATE"],
    ["a retry of what has failed", [requested, failed()], to("retry"), "TOO_LATE"],
    ["an abandon of what is not parked", [requested], to("abandon"), "OPERATION_IN_PROGRESS"],
    ["an approval of another plan", a.waiting, approve("other"), "APPROVAL_STALE"],
    ["an approval of one's own", a.waiting, approve("abc", "user:alice"), "FORBIDDEN"],
    ["an approval of what does not wait for one", [requested], approve(), "TOO_LATE"],
    ["an approval of what was rejected", [...a.waiting, a.rejected], approve(), "TOO_LATE"],
  ] as const)("refuses at once %s, and tells nobody", async (_, past, word, code) => {
    expect(await said(past, word)).toEqual({ reached: [], refused: code });
  });

  it.each([
    ["a cancel of what is cancelled", [requested, a.cancelled], to("cancel")],
    ["a retry of what is not parked", [requested], to("retry")],
    ["an approval that was given", [...a.waiting, a.granted], approve()],
  ] as const)("needs no message for %s", async (_, past, word) => {
    expect(await said(past, word)).toEqual({ reached: [], position: BigInt(past.length) });
  });

  it("is decided anew where the workflow had gone on by the time it came", async () => {
    const { reached, refused } = await said([requested], to("cancel"), async (_, say) => {
      for (const event of [...ready.slice(1), activated]) await say(event);
      return "unheard";
    });
    expect({ heard: reached.length, refused }).toEqual({ heard: 1, refused: "TOO_LATE" });
  });

  it("is refused as the workflow refuses it, which decides last", async () => {
    const stale = new PrismError("APPROVAL_STALE", "today's plan is another");
    expect(await said(a.waiting, approve(), () => Promise.reject(stale))).toMatchObject({
      refused: "APPROVAL_STALE",
    });
  });

  it("waits for the worker that begins the operation, and not for ever", async () => {
    const store = memoryEventStore();
    await happened(store, requested);
    let time = Date.now();
    const now = () => {
      time += 2_000;
      return new Date(time);
    };
    const told = intervene(
      { store, interventions: { tell: async () => "told" } },
      to("cancel", "user:alice", another),
      now,
    );
    await expect(told).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });
});
