import type { Event, RecordedEvent } from "../event.ts";
import type { JsonObject } from "../json.ts";

/**
 * A pure fold that answers a question. The runner owns table, checkpoint, transaction
 * and rebuild; the fold owns meaning.
 */
export type Projection<E extends Event, Row extends JsonObject> = {
  readonly name: string;
  /** Raise it to rebuild: a projection is never migrated, only replayed. */
  readonly version: number;
  /** Keeps what every row was at every position, so that it can be asked for as of then. Default: only what it is now. */
  readonly temporal?: boolean;
  /** Which streams it folds, by the beginning of their names. */
  readonly streams: readonly string[];
  /** The row an event belongs to; `undefined`: none, the event says nothing to this question. */
  readonly key: (event: RecordedEvent<E>) => string | undefined;
  /** The row after the event; `undefined` removes it. An unknown event type throws. */
  readonly apply: (row: Row | undefined, event: RecordedEvent<E>) => Row | undefined;
};
