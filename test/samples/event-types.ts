import type { CallEvent } from "../../domain/calls/events.ts";
import { schemaVersions } from "../../domain/namespace/schema-versions.ts";
import type { TeamEvent } from "../../domain/team/events.ts";

/** The newest shape of every event there is. The compiler asks for the version of a new type. */
export const newest: Readonly<Record<string, number>> = {
  ...schemaVersions,
  ...({
    TeamDefined: 1,
    QuotaChanged: 1,
    QuotaReserved: 1,
    QuotaCommitted: 1,
    QuotaReleased: 1,
    QuotaSnapshot: 1,
  } satisfies Record<TeamEvent["type"], number>),
  ...({ CallReceived: 1, CallAnswered: 1 } satisfies Record<CallEvent["type"], number>),
};

/** `NamespaceRequested.1.json`: one file for every shape an event ever had. */
export const sampleOf = (type: string, schema: number): string => `${type}.${schema}.json`;
