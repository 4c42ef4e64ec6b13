import { PrismError } from "../../domain/errors.ts";
import type { PatternType } from "../../domain/plan.ts";
import { notEnforced } from "../../domain/selection/enforced.ts";
import type { Entry, Pattern as PlannedPattern } from "../../proto/gen/prism/control/v1/control_pb.js";
import { replayStore, type Tools, wal } from "./logs.ts";
import type { Pattern } from "./pattern.ts";

/**
 * Which version of each pattern this build knows. An entry that asks for a newer one, or
 * for one that is not here, is not served and its directory version not acknowledged.
 */
export const patternVersions: Readonly<Record<PatternType, number>> = {
  outbox: 1,
  "claim-check": 1,
  wal: 1,
  "replay-store": 1,
  "tiered-storage": 1,
  cache: 1,
  cdc: 1,
};

type Build = (planned: PlannedPattern, entry: Entry, tools: Tools) => Pattern;

/** A builder for each of `enforcedPatterns`; a test holds the two together. */
export const builders: Partial<Readonly<Record<PatternType, Build>>> = { wal, "replay-store": replayStore };

/**
 * The patterns of an entry that are known but not enforced yet: named, never hidden.
 * `UNIMPLEMENTED` names the first of which this build knows nothing.
 */
export const judgePatterns = ({ patterns }: Entry): readonly string[] => notEnforced(patterns.map(known));

/** An entry's patterns in the order of its plan, each ready for messages. */
export const buildPatterns = (entry: Entry, tools: Tools): readonly Pattern[] =>
  enforced(entry).flatMap((planned) => builders[known(planned)]?.(planned, entry, tools) ?? []);

function enforced({ patterns }: Entry): readonly PlannedPattern[] {
  const without = new Set<PatternType>(notEnforced(patterns.map(known)));
  return patterns.filter((planned) => !without.has(known(planned)));
}

function known({ type, version }: PlannedPattern): PatternType {
  const here = Object.hasOwn(patternVersions, type) ? patternVersions[type as PatternType] : 0;
  if (version <= here) return type as PatternType;
  throw new PrismError("UNIMPLEMENTED", `this proxy runs ${type} up to version ${here}, not ${version}`, {
    details: { pattern: type, version, supported_version: here },
  });
}
