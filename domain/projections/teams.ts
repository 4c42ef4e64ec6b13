import type { TeamEvent, WrittenHolding } from "../team/events.ts";
import { type WrittenAmounts, written } from "../team/quota.ts";
import { evolve, type Team, teamView, undefinedTeam, writtenHolding } from "../team/team.ts";
import type { Projection } from "./projection.ts";

/** A team's quota, and what its namespaces have taken of it. */
export type TeamRow = {
  readonly team: string;
  readonly quota: WrittenAmounts;
  readonly reserved: WrittenAmounts;
  /** Never below zero: a quota may be lowered under what is reserved. */
  readonly remaining: WrittenAmounts;
  /** The amounts of which more is reserved than the quota is: until none is, nothing of the team grows. */
  readonly over_quota: readonly string[];
  readonly holdings: readonly WrittenHolding[];
};

export const teams: Projection<TeamEvent, TeamRow> = {
  name: "teams",
  version: 2,
  streams: ["team-"],
  key: (event) => event.stream.slice("team-".length),
  apply: (row, event) => rowOf(evolve(teamOf(row), event)),
};

/** A row is a snapshot by another name: folding it gives the team again. */
const teamOf = (row: TeamRow | undefined): Team =>
  row === undefined
    ? undefinedTeam
    : evolve(undefinedTeam, {
        type: "QuotaSnapshot",
        data: { team: row.team, quota: row.quota, holdings: row.holdings },
      });

const rowOf = (team: Team): TeamRow => ({
  ...teamView(team),
  quota: written(team.quota),
  holdings: [...team.holdings.values()].map(writtenHolding),
});
