import {
  type Client,
  type Connection,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "@temporalio/client";
import { ApplicationFailure, WorkflowNotFoundError } from "@temporalio/common";
import { v5 as uuid5 } from "uuid";
import type { Messages } from "../activities/messages.ts";
import { isErrorCode, PrismError } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import { workflowIdOf } from "./executions.ts";

export type Verb = keyof Messages;

export type Message = {
  readonly [V in Verb]: {
    readonly verb: V;
    readonly namespace: string;
    readonly told: Messages[V];
    /** Of the namespace's stream, as it was when the caller decided: the same word said later is another message. */
    readonly revision: string;
  };
}[Verb];

export interface Interventions {
  /**
   * Tells the workflow, and answers once it has decided and recorded; its refusal is thrown.
   * `unheard`: the run had ended, or does not listen for this now, so that nobody decided; look at the stream again.
   * `BACKEND_UNAVAILABLE` where no worker answers until `deadline`; repeating it is the same message.
   */
  tell(message: Message, deadline: Date): Promise<"told" | "unheard">;
}

/** Chosen once: names messages, so that Temporal takes a repeat for what it is. */
const messageIds = "7d1f9d2a-3a86-4a0d-9d2e-5b2c8f0b6f11";

export function interventions({
  client,
  connection,
}: {
  readonly client: Client;
  readonly connection: Connection;
}): Interventions {
  return {
    async tell({ verb, namespace, told, revision }, deadline) {
      const { operation, by } = told;
      const plan = "plan_hash" in told ? told.plan_hash : "";
      const updateId = uuid5([operation, verb, by, plan, revision].join("\n"), messageIds);
      const handle = client.workflow.getHandle(workflowIdOf(namespace));
      try {
        await connection.withDeadline(deadline, () =>
          handle.executeUpdate(verb, { updateId, args: [told] as [unknown] }),
        );
        return "told";
      } catch (error) {
        if (error instanceof WorkflowNotFoundError || nobodyListened(error)) return "unheard";
        throw refusalOf(error, operation);
      }
    },
  };
}

/** The run that had taken the message ended, or went on as another, before it came to it; or it is between two phases. */
const nobodyListened = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError &&
  error.cause instanceof ApplicationFailure &&
  (error.cause.type === "AcceptedUpdateCompletedWorkflow" ||
    error.cause.message.startsWith("No registered handler"));

function refusalOf(error: unknown, operation: string): PrismError {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const { type, message, details } = error.cause;
    if (isErrorCode(type)) {
      return new PrismError(type, message, {
        details: (details?.[0] ?? {}) as JsonObject,
        cause: error,
      });
    }
    return new PrismError("INTERNAL", message, { cause: error });
  }
  const nobody = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
  const why = nobody ? "no worker has taken it up" : "Temporal did not answer";
  return new PrismError("BACKEND_UNAVAILABLE", `operation ${operation} could not be told: ${why}`, {
    details: { operation, recommendation: "Say it again: if it was heard meanwhile, it counts once" },
    cause: error,
  });
}
