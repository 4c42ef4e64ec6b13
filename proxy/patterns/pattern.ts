import type { PatternType } from "../../domain/plan.ts";
import type { Delivered, Message } from "../message.ts";

/** Resolves with the message's offset, and only when the durability promised so far holds. */
export type Publish = (message: Message) => Promise<{ readonly offset: string }>;

/** Resolves when the message is on its way to the consumer. */
export type Deliver = (message: Delivered) => Promise<void>;

/**
 * One reliability step of a namespace. It wraps what comes after it on the way to the
 * backend (`publish`) and what comes after it on the way to the consumer (`deliver`);
 * a step without one of them is not on that way.
 */
export interface Pattern {
  readonly name: PatternType;
  publish?(next: Publish): Publish;
  deliver?(next: Deliver): Deliver;
}
