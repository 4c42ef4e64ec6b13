import type { Filter as ServerFilter } from "@kurrent/kurrentdb-client";
import type { Filter } from "../event-store.ts";

/**
 * The part of a filter that the server can apply: streams or types, not both. The adapter applies the whole of it
 * again to what comes. Without either, at least what is the server's own is left out there.
 */
export function serverFilter(filter: Filter | undefined): ServerFilter {
  const { streamPrefixes: prefixes, types } = filter ?? {};
  if (prefixes !== undefined && prefixes.length > 0 && !prefixes.includes("")) {
    return { filterOn: "streamName", prefixes: [...prefixes], checkpointInterval: 1 };
  }
  if (types !== undefined && types.length > 0) {
    return { filterOn: "eventType", regex: `^(?:${types.map(escaped).join("|")})$`, checkpointInterval: 1 };
  }
  return { filterOn: "streamName", regex: "^[^$]", checkpointInterval: 1 };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
