import type { RecordedEvent } from "../domain/event.ts";
import type { Filter } from "./event-store.ts";

/** An event passes when it is of one of the streams *and* of one of the types; what is left out restricts nothing. */
export const passes = (event: RecordedEvent, filter: Filter | undefined): boolean =>
  (filter?.streamPrefixes?.some((prefix) => event.stream.startsWith(prefix)) ?? true) &&
  (filter?.types?.includes(event.type) ?? true);
