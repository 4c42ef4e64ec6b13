import type { JsonObject } from "./json.ts";

/** A fact, past tense. `data` is plain JSON; who, when and why it belongs to is in the store's envelope. */
export type Event<Type extends string = string, Data extends JsonObject = JsonObject> = {
  readonly type: Type;
  readonly data: Data;
};

/** What is said about an event beside its data. */
export type EventMetadata = {
  /** `user:alice`, `service:order-api` or `prism` for the system itself. */
  readonly actor: string;
  readonly operation: string | null;
  /** One request and all that follows from it. */
  readonly correlation: string;
  /** The event or request that brought this one about. */
  readonly causation: string | null;
  /** Counts from 1; raised when `data` changes its shape. */
  readonly schema: number;
  /** Which life of the name this belongs to, from 1; 0 where the stream has no lives. */
  readonly incarnation: number;
};

/** An event as the store hands it back. */
export type RecordedEvent<E extends Event = Event> = E & {
  readonly id: string;
  readonly stream: string;
  /** 0-based and dense within the stream. */
  readonly revision: bigint;
  /** Opaque but ordered over the whole store. */
  readonly position: bigint;
  readonly recordedAt: Date;
  readonly metadata: EventMetadata;
  /** SHA-256 over the previous event's hash and this event: a changed past is noticed. */
  readonly hash: string;
  /** What is really stored, where an older shape was read as today's: the hash is over this. */
  readonly stored?: Event & { readonly schema: number };
};
