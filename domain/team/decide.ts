import { PrismError, unreachable } from "../errors.ts";
import { quotaViolations } from "../request/quota.ts";
import { refusal } from "../request/violation.ts";
import type { TeamEvent } from "./events.ts";
import { type Amounts, amountNames, nothing, plus, written } from "./quota.ts";
import { evolve, type Holding, held, remaining, type Team, writtenHolding } from "./team.ts";

/** `operation` makes a repeated command recognisable: it is quiet. */
export type TeamCommand =
  | { readonly type: "DefineTeam"; readonly team: string; readonly quota: Amounts }
  | {
      readonly type: "ReserveQuota";
      readonly namespace: string;
      readonly incarnation: number;
      readonly operation: string;
      readonly amounts: Amounts;
    }
  | { readonly type: "CommitQuota"; readonly namespace: string; readonly operation: string }
  /** The operation failed: what it reserved is free again. */
  | { readonly type: "ReleaseReservation"; readonly namespace: string; readonly operation: string }
  /** This life of the namespace is over. */
  | {
      readonly type: "ReleaseNamespace";
      readonly namespace: string;
      readonly incarnation: number;
      readonly operation: string;
    };

type Of<Type extends TeamCommand["type"]> = Extract<TeamCommand, { type: Type }>;

/** What follows from a command. No event: nothing is left to do; repeating a command is always safe. */
export function decide(command: TeamCommand, team: Team): readonly TeamEvent[] {
  switch (command.type) {
    case "DefineTeam":
      return define(command, team);
    case "ReserveQuota":
      return reserve(command, team);
    case "CommitQuota":
      return commit(command, team);
    case "ReleaseReservation":
      return releaseReservation(command, team);
    case "ReleaseNamespace":
      return releaseNamespace(command, team);
    default:
      return unreachable(command);
  }
}

export type Verdict =
  | { readonly accepted: true; readonly events: readonly TeamEvent[] }
  | { readonly accepted: false; readonly error: PrismError };

/** So many events are read at most, to know a team. */
const snapshotEvery = 200;

/**
 * Decides everything that is queued for one team, each command on what those before it
 * left, with a verdict for each. `events` is one append; a refused command adds nothing
 * to it and stops no other.
 */
export function decideAll(
  team: Team,
  commands: readonly TeamCommand[],
): { readonly events: readonly TeamEvent[]; readonly verdicts: readonly Verdict[]; readonly team: Team } {
  const events: TeamEvent[] = [];
  let state = team;
  const record = (event: TeamEvent): void => {
    events.push(event);
    state = evolve(state, event);
    if (state.unsnapped < snapshotEvery) return;
    const snap = snapshot(state);
    events.push(snap);
    state = evolve(state, snap);
  };
  const verdicts = commands.map((command): Verdict => {
    try {
      const decided = decide(command, state);
      for (const event of decided) record(event);
      return { accepted: true, events: decided };
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      return { accepted: false, error };
    }
  });
  return { events, verdicts, team: state };
}

const snapshot = ({ team, quota, holdings }: Team): TeamEvent => ({
  type: "QuotaSnapshot",
  data: { team, quota: written(quota), holdings: [...holdings.values()].map(writtenHolding) },
});

function define(
  { team: name, quota }: Of<"DefineTeam">,
  { team, quota: before }: Team,
): readonly TeamEvent[] {
  if (team !== "" && amountNames.every((amount) => before[amount] === quota[amount])) return [];
  return [
    { type: team === "" ? "TeamDefined" : "QuotaChanged", data: { team: name, quota: written(quota) } },
  ];
}

function reserve(command: Of<"ReserveQuota">, team: Team): readonly TeamEvent[] {
  const { namespace, incarnation, operation, amounts } = command;
  if (team.team === "") {
    throw new PrismError("INVALID_CONFIGURATION", "The team does not exist", {
      details: { field: "team", recommendation: "Ask the platform team to define it" },
    });
  }
  const holding = team.holdings.get(namespace);
  if (holding !== undefined && isIn(holding, operation)) return [];
  if (holding !== undefined && (holding.incarnation !== incarnation || holding.pending !== undefined)) {
    throw new PrismError(
      "OPERATION_IN_PROGRESS",
      `Namespace '${namespace}' still holds quota for another operation`,
      {
        details: { field: "namespace", recommendation: "Wait for the operation to end" },
      },
    );
  }
  refuseTooMuch(team, holding, amounts);
  return [
    {
      type: "QuotaReserved",
      data: { team: team.team, namespace, incarnation, operation, amounts: written(amounts) },
    },
  ];
}

const isIn = ({ pending, committed }: Holding, operation: string): boolean =>
  pending?.operation === operation || committed?.operation === operation;

/** What a namespace holds already is its own; what does not grow needs no room, also under a lowered quota. */
function refuseTooMuch(team: Team, holding: Holding | undefined, amounts: Amounts): void {
  const now = holding === undefined ? nothing : held(holding);
  const free = plus(remaining(team), now);
  const growing = Object.fromEntries(
    amountNames.map((name) => [
      name,
      amounts[name] > now[name] ? amounts[name] : Math.min(amounts[name], free[name]),
    ]),
  ) as Amounts;
  const violations = quotaViolations(growing, { team: team.team, quota: team.quota, remaining: free });
  if (violations.length > 0) throw refusal(violations);
}

function commit({ namespace, operation }: Of<"CommitQuota">, team: Team): readonly TeamEvent[] {
  const holding = team.holdings.get(namespace);
  if (holding?.pending?.operation === operation) {
    return [{ type: "QuotaCommitted", data: { team: team.team, namespace, operation } }];
  }
  if (holding?.committed?.operation === operation) return [];
  throw new PrismError("INTERNAL", `operation ${operation} has reserved nothing for namespace ${namespace}`);
}

function releaseReservation(
  { namespace, operation }: Of<"ReleaseReservation">,
  team: Team,
): readonly TeamEvent[] {
  if (team.holdings.get(namespace)?.pending?.operation !== operation) return [];
  return [
    { type: "QuotaReleased", data: { team: team.team, namespace, operation, released: "reservation" } },
  ];
}

/** A late attempt of a finished life must not take the next one's quota. */
function releaseNamespace(command: Of<"ReleaseNamespace">, team: Team): readonly TeamEvent[] {
  const { namespace, incarnation, operation } = command;
  if (team.holdings.get(namespace)?.incarnation !== incarnation) return [];
  return [{ type: "QuotaReleased", data: { team: team.team, namespace, operation, released: "namespace" } }];
}
