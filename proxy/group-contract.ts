import type { Log as Backend, LogStart } from "../backends/log.ts";
import type { Layout } from "../backends/write-ahead-log/layouts.ts";
import type { NamespaceMemory } from "./delivery-memory.ts";
import type { Moment } from "./failpoint.ts";
import type { Delivered } from "./message.ts";
import type { Receipt } from "./receipt.ts";
import type { Subscriber } from "./subscriber.ts";

export type GroupOptions = {
  readonly backend: Backend;
  /** The group's name in the backend. */
  readonly name: string;
  readonly proxy: string;
  readonly topic: string;
  readonly start: LogStart;
  readonly ordered: boolean;
  readonly memory: NamespaceMemory;
  /** Where the log has grown over more partitions; left out: nobody has to know. */
  readonly layouts?: () => Promise<readonly Layout[]>;
  /** Puts a message aside that has failed too often; left out: it comes again without end. */
  readonly deadLetter?: (message: Delivered, why: DeadLetter) => Promise<void>;
  readonly deadlineMs?: number;
  readonly failpoint?: (step: "commit" | "acknowledge", moment: Moment) => void;
  readonly troubled: (error: Error) => void;
  /** The membership is over: its subscribers have been told, and nothing will be handed out here any more. */
  readonly failed?: () => void;
};

export type DeadLetter = { readonly attempts: number; readonly reason: string };

export interface Group {
  /** Names this life of the group in receipts. */
  readonly session: string;
  /** Resolves when it has joined; rejects where it cannot. */
  readonly ready: Promise<void>;
  readonly subscribers: number;
  attach(subscriber: Subscriber): void;
  /**
   * What was under way there goes to others; `vanished`: that counts as a failed delivery.
   * Resolves when all that was acknowledged is committed.
   */
  detach(subscriber: Subscriber, vanished?: boolean): Promise<void>;
  /** Hands out what it can: a subscriber has become ready. */
  pump(): void;
  /** `false`: the delivery is over and its message comes again. */
  acknowledge(receipt: Receipt): boolean;
  /** Gives it back: it comes again after the delay, or is put aside. `false` as above. */
  reject(receipt: Receipt, delayMs: number, reason: string): boolean;
  /** More time to acknowledge it. `false` as above. */
  extend(receipt: Receipt): boolean;
  /**
   * Acknowledges, and resolves when that would survive this proxy; `false`: the delivery was
   * over, or its partition has moved before it was committed, and the message comes again.
   */
  confirm(receipt: Receipt): Promise<boolean>;
  /** Commits, and leaves. */
  close(): Promise<void>;
  end(error: Error): void;
}
