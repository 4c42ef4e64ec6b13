import { PrismError } from "../domain/errors.ts";
import { upcasters } from "../domain/upcasters.ts";
import type { EventStore } from "./event-store.ts";
import { kurrentdbEventStore } from "./kurrentdb/kurrentdb.ts";
import { postgresEventStore } from "./postgres/postgres.ts";
import { upcasting } from "./upcasting.ts";

/** The event store behind a URL: `postgres://…` or `kurrentdb://…`. Connects at the first use, not here. */
export const openEventStore = (url: string): EventStore => upcasting(storeBehind(url), upcasters);

function storeBehind(url: string): EventStore {
  const scheme = url.slice(0, url.indexOf(":"));
  switch (scheme) {
    case "postgres":
    case "postgresql":
      return postgresEventStore({ url });
    case "kurrentdb":
    case "kurrentdb+discover":
    case "esdb":
    case "esdb+discover":
      return kurrentdbEventStore({ url });
    default:
      throw new PrismError("INVALID_CONFIGURATION", `no event store speaks '${scheme}://'`, {
        details: { field: "PRISM_EVENTSTORE_URL", supported_values: ["postgres://", "kurrentdb://"] },
      });
  }
}
