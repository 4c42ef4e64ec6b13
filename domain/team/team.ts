import { unreachable } from "../errors.ts";
import { overQuota } from "../request/quota.ts";
import type { TeamEvent, WrittenHolding, WrittenReservation } from "./events.ts";
import {
  type Amounts,
  combine,
  larger,
  minus,
  nothing,
  plus,
  read,
  type WrittenAmounts,
  written,
} from "./quota.ts";

export type Reservation = { readonly operation: string; readonly amounts: Amounts };

/** What one namespace takes of its team's quota. */
export type Holding = {
  readonly namespace: string;
  readonly incarnation: number;
  /** What it holds, and the operation that made it so. */
  readonly committed: Reservation | undefined;
  /** What an operation under way has reserved. */
  readonly pending: Reservation | undefined;
};

export type Team = {
  /** Empty until the team is defined. */
  readonly team: string;
  readonly quota: Amounts;
  readonly holdings: ReadonlyMap<string, Holding>;
  /** Events since the last snapshot. */
  readonly unsnapped: number;
};

export const undefinedTeam: Team = { team: "", quota: nothing, holdings: new Map(), unsnapped: 0 };

export const streamOf = (team: string): string => `team-${team}`;

/** While a namespace grows it holds the new amounts already; until it has shrunk, the old ones still. */
export const held = ({ committed, pending }: Holding): Amounts =>
  larger(committed?.amounts ?? nothing, pending?.amounts ?? nothing);

export const reserved = ({ holdings }: Team): Amounts =>
  [...holdings.values()].reduce((sum, holding) => plus(sum, held(holding)), nothing);

/** Negative where the quota was lowered below what is reserved. */
export const remaining = (team: Team): Amounts => minus(team.quota, reserved(team));

/** As `GET /teams/{team}` answers. */
export function teamView(team: Team): {
  team: string;
  quota: WrittenAmounts;
  reserved: WrittenAmounts;
  remaining: WrittenAmounts;
  over_quota: readonly string[];
} {
  return {
    team: team.team,
    quota: written(team.quota),
    reserved: written(reserved(team)),
    remaining: written(combine(remaining(team), nothing, Math.max)),
    over_quota: overQuota(remaining(team)),
  };
}

export function evolve(team: Team, event: TeamEvent): Team {
  const next = apply(team, event);
  return { ...next, unsnapped: event.type === "QuotaSnapshot" ? 0 : team.unsnapped + 1 };
}

function apply(team: Team, event: TeamEvent): Team {
  switch (event.type) {
    case "TeamDefined":
    case "QuotaChanged":
      return { ...team, team: event.data.team, quota: read(event.data.quota) };
    case "QuotaReserved": {
      const { namespace, incarnation, operation, amounts } = event.data;
      const committed = team.holdings.get(namespace)?.committed;
      return hold(team, {
        namespace,
        incarnation,
        committed,
        pending: { operation, amounts: read(amounts) },
      });
    }
    case "QuotaCommitted": {
      const holding = team.holdings.get(event.data.namespace);
      if (holding === undefined) return team;
      return hold(team, { ...holding, committed: holding.pending, pending: undefined });
    }
    case "QuotaReleased": {
      const holding = team.holdings.get(event.data.namespace);
      if (holding === undefined) return team;
      const keeps = event.data.released === "reservation" && holding.committed !== undefined;
      return keeps ? hold(team, { ...holding, pending: undefined }) : letGo(team, event.data.namespace);
    }
    case "QuotaSnapshot": {
      const { team: name, quota, holdings } = event.data;
      const known = holdings.map((holding) => [holding.namespace, readHolding(holding)] as const);
      return { ...team, team: name, quota: read(quota), holdings: new Map(known) };
    }
    default:
      return unreachable(event);
  }
}

const hold = (team: Team, holding: Holding): Team => ({
  ...team,
  holdings: new Map(team.holdings).set(holding.namespace, holding),
});

function letGo(team: Team, namespace: string): Team {
  const holdings = new Map(team.holdings);
  holdings.delete(namespace);
  return { ...team, holdings };
}

export const writtenHolding = ({ namespace, incarnation, committed, pending }: Holding): WrittenHolding => {
  const write = (one: Reservation | undefined): WrittenReservation | null =>
    one === undefined ? null : { operation: one.operation, amounts: written(one.amounts) };
  return { namespace, incarnation, committed: write(committed), pending: write(pending) };
};

const readHolding = ({ namespace, incarnation, committed, pending }: WrittenHolding): Holding => {
  const reread = (one: WrittenReservation | null): Reservation | undefined =>
    one === null ? undefined : { operation: one.operation, amounts: read(one.amounts) };
  return { namespace, incarnation, committed: reread(committed), pending: reread(pending) };
};
