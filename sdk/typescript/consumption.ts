/** A message as a consumer gets it. */
export type Message = {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly payload: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  /** Equal to what publishing it answered. */
  readonly offset: string;
  /** 1 at the first delivery. */
  readonly attempt: number;
  readonly publishedAt: Date;
  text(): string;
  json<Value = unknown>(): Value;
  /**
   * Done: it does not come again. Sent with the other acknowledgements of this moment; one
   * that is lost with its connection makes the message come again.
   */
  ack(): Promise<void>;
  /** Not done: it comes again, at once or after `delayMs`; after five times it is put aside with `reason`. */
  nack(options?: { readonly delayMs?: number; readonly reason?: string }): Promise<void>;
};

/** Messages one after the other; leaving the loop gives back what was not acknowledged. */
export interface Consumption extends AsyncIterableIterator<Message> {
  /** Resolves when the group stands: from then on nothing that is published passes it by. */
  readonly ready: Promise<void>;
  /** Ends it; resolves when what was acknowledged has arrived. */
  return(): Promise<IteratorResult<Message>>;
}
