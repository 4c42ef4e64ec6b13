import type { Event } from "./event.ts";

/** How the shape of one schema version becomes the next one's; the type may change with it. */
export type Upcaster = {
  readonly type: string;
  /** The schema version it takes; what it answers is one higher. */
  readonly schema: number;
  readonly upcast: (event: Event) => Event;
};

/**
 * Every change an event's shape has gone through, oldest first. A shape is changed by
 * raising the schema version that is written and adding the step from the old one here;
 * what is stored stays as it was. The samples in `test/samples` hold every step to it.
 */
export const upcasters: readonly Upcaster[] = [];
