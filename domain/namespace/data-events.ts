import type { Event } from "../event.ts";

/** `data_bytes`: what it kept, as measured; `data_size`: what it reserves, with its unit. */
type Measured = {
  readonly namespace: string;
  readonly data_bytes: number;
  readonly data_size: string;
};

/** It keeps nearly all that it reserves. Nothing is refused or dropped for that. */
export type DataAlarmRaised = Event<"DataAlarmRaised", Measured>;

/** It keeps clearly less than that again, or reserves more. */
export type DataAlarmCleared = Event<"DataAlarmCleared", Measured>;
