import { PrismError, unreachable } from "../errors.ts";
import { quotaViolations } from "../request/quota.ts";
import { refusal } from "../request/violation.ts";
import type { TeamEvent } from "./events.ts";
import { type Amounts, amountNames, nothing, plus, written } from "./quota.ts";
import { evolve, type Holding, held, remaining, reserved, type Team, writtenHolding } from "./team.ts";

/** `operation` makes a repeated command recognisable: it is quiet. */
export type TeamCommand =
  | {
      readonly type: "DefineTeam";
      readonly team: string;
      /** What is left out stays as it is; a new team has nothing. */
      readonly quota: Partial<Amounts>;
      /** Also below what is reserved: nothing of the team grows then until it is within its quota again. */
      readonly force?: boolean;
    }
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

function define({ team: name, force = false, ...to }: Of<"DefineTeam">, before: Team): readonly TeamEvent[] {
  const isNew = before.team === "";
  const quota = { ...before.quota, ...to.quota };
  if (!isNew && amountNames.every((amount) => before.quota[amount] === quota[amount])) return [];
  if (!force) refuseBelowUse(before, quota);
  return [{ type: isNew ? "TeamDefined" : "QuotaChanged", data: { team: name, quota: written(quota) } }];
}

/** One that is below its use already may be raised, if not far enough. */
function refuseBelowUse(team: Team, quota: Amounts): void {
  const used = reserved(team);
  const below = amountNames.filter((name) => quota[name] < used[name] && quota[name] < team.quota[name]);
  if (below.length === 0) return;
  throw refusal(
    below.map((name) => ({
      code: "QUOTA_EXCEEDED",
      message: `Quota ${name} (${written(quota)[name]}) is below what is reserved (${written(used)[name]})`,
      details: {
        field: `quota.${name}`,
        requested: written(quota)[name],
        reserved: written(used)[name],
        team: team.team,
        recommendation:
          "Shrink or delete namespaces of the team first, or force it: then nothing of it grows",
      },
    })),
  );
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

/** What a namespace holds already is its own. */
function refuseTooMuch(team: Team, holding: Holding | undefined, amounts: Amounts): void {
  const now = holding === undefined ? nothing : held(holding);
  const facts = { team: team.team, quota: team.quota, remaining: plus(remaining(team), now), held: now };
  const violations = quotaViolations(amounts, facts);
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
