import { setTimeout as delay } from "node:timers/promises";
import { PrismError } from "../domain/errors.ts";
import type { Intervention } from "../domain/namespace/commands.ts";
import { decide } from "../domain/namespace/decide.ts";
import type { Namespace } from "../domain/namespace/namespace.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import type { Interventions, Message } from "./interventions.ts";
import { readNamespace } from "./read-namespace.ts";

export type InterveneDependencies = { readonly store: EventStore; readonly interventions: Interventions };

/** How long a caller waits for a worker to take their word. */
const patienceMs = 10_000;
const pauseMs = 100;

export type Word = Omit<Message, "revision">;

/**
 * Says a person's word to an operation and answers the position from which on it counts. It is decided
 * on the stream first, which gives the precise refusal at once, also where the operation has ended and
 * nobody is left to be told; what needs no event needs no message either. The workflow decides again.
 */
export async function intervene(
  { store, interventions }: InterveneDependencies,
  word: Word,
  now: () => Date = () => new Date(),
): Promise<bigint> {
  const deadline = new Date(now().getTime() + patienceMs);
  const { operation } = word.told;
  const last = async () => {
    const { events } = await readNamespace(store, word.namespace);
    return events.findLast(({ metadata }) => metadata.operation === operation)?.position ?? 0n;
  };
  while (now() < deadline) {
    const { state, events } = await readNamespace(store, word.namespace);
    // Asked for a moment ago: the worker that begins it is still to come.
    if (state.begun.has(operation)) {
      if (decide(commandOf(word, state, now()), state).length === 0) return last();
      const message = { ...word, revision: String(events.at(-1)?.revision ?? "") } as Message;
      if ((await interventions.tell(message, deadline)) === "told") return last();
    }
    await delay(pauseMs);
  }
  throw new PrismError(
    "BACKEND_UNAVAILABLE",
    `operation ${operation} is at rest: no worker goes on with it`,
    {
      details: { operation, recommendation: "Say it again when the workers are back" },
    },
  );
}

/** `today` is left to the workflow, which selects again; here a plan is stale when it is not the one that waits. */
function commandOf({ verb, told }: Word, { operation }: Namespace, now: Date): Intervention {
  switch (verb) {
    case "approve": {
      const { plan_hash: planHash, comment, ...who } = told as Extract<Message, { verb: "approve" }>["told"];
      const today = operation?.approval.waiting?.planHash ?? operation?.selected?.hash ?? planHash;
      const said = comment === undefined ? {} : { comment };
      return { type: "GrantApproval", ...who, planHash, today, at: now.toISOString(), ...said };
    }
    case "reject": {
      const { plan_hash: planHash, ...rest } = told as Extract<Message, { verb: "reject" }>["told"];
      return { type: "RejectApproval", ...rest, planHash };
    }
    case "cancel":
      return { type: "CancelOperation", ...told };
    case "retry":
      return { type: "RetryOperation", ...told };
    case "abandon":
      return { type: "AbandonOperation", ...told };
  }
}
