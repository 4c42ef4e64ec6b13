import type { LogStart } from "../../backends/log.ts";
import type { Layout } from "../../backends/write-ahead-log/layouts.ts";
import type { PatternType } from "../../domain/plan.ts";
import type { Background } from "../background.ts";
import type { Delivered, Message } from "../message.ts";

export type Published = {
  readonly offset: string;
  /** When the durability promise held; left out: when it was published. */
  readonly recordedAtMs?: number;
};

/** Resolves with where the message is, and only when the durability promised so far holds. */
export type Publish = (message: Message) => Promise<Published>;

/** Resolves when the message is on its way to the consumer. */
export type Deliver = (message: Delivered) => Promise<void>;

/** Where somebody wants to begin reading who was never here. */
export type Beginning = { readonly offset: string } | { readonly timeMs: number };

/**
 * One reliability step of a namespace. It wraps what comes after it on the way to the
 * backend (`publish`) and what comes after it on the way to the consumer (`deliver`);
 * a step without one of them is not on that way.
 */
export interface Pattern {
  readonly name: PatternType;
  publish?(next: Publish): Publish;
  deliver?(next: Deliver): Deliver;
  /** What it does beside messages: led by one proxy of the shard at a time. */
  readonly background?: Background;
  /** Finds a beginning in what it keeps. */
  locate?(beginning: Beginning): Promise<LogStart>;
  /** Over how many partitions of the backend it sent what; left out: that never changes. */
  layouts?(): Promise<readonly Layout[]>;
  /** The same id published again adds nothing. */
  readonly once?: boolean;
  /** Nothing more is published: resolves when what was is written. */
  close?(): Promise<void>;
}
