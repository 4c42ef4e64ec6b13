import type { Event } from "../event.ts";
import type { Failure, Workflow } from "./event-data.ts";

/** Somebody wants what a broker may have lost to be sent again. */
export type RewindRequested = Event<
  "RewindRequested",
  {
    readonly namespace: string;
    readonly operation: string;
    readonly workflow: Workflow;
    /** Whose it is: they may see the operation. */
    readonly teams: readonly string[];
  }
>;

/** Ends a rewind: the relay has gone back by so many `messages`, to the position `from`; null where there was nothing. */
export type RelayRewound = Event<"RelayRewound", { readonly messages: number; readonly from: string | null }>;

/** Ends a rewind; the relay goes on from where it was. */
export type RewindFailed = Event<"RewindFailed", { readonly error: Failure }>;
