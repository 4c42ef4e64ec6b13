import { decide, type TeamCommand } from "../../../domain/team/decide.ts";
import type { TeamEvent } from "../../../domain/team/events.ts";
import type { Amounts } from "../../../domain/team/quota.ts";
import { evolve, type Team, undefinedTeam } from "../../../domain/team/team.ts";

export const amounts = (write_rps: number, more: Partial<Amounts> = {}): Amounts => ({
  write_rps,
  read_rps: 10,
  data_size: 1000,
  namespaces: 1,
  ...more,
});

export const quota: Amounts = { write_rps: 100, read_rps: 100, data_size: 10_000, namespaces: 5 };

export const define: TeamCommand = { type: "DefineTeam", team: "payments", quota };

export const reserve = (
  namespace: string,
  operation: string,
  write_rps: number,
  incarnation = 1,
): TeamCommand => ({
  type: "ReserveQuota",
  namespace,
  incarnation,
  operation,
  amounts: amounts(write_rps),
});

export const commit = (namespace: string, operation: string): TeamCommand => ({
  type: "CommitQuota",
  namespace,
  operation,
});

export const giveUp = (namespace: string, operation: string): TeamCommand => ({
  type: "ReleaseReservation",
  namespace,
  operation,
});

export const end = (namespace: string, operation: string, incarnation = 1): TeamCommand => ({
  type: "ReleaseNamespace",
  namespace,
  incarnation,
  operation,
});

/** The team as commands left it. */
export const teamAfter = (...commands: readonly TeamCommand[]): Team =>
  commands.reduce((team, command) => decide(command, team).reduce(evolve, team), undefinedTeam);

export const types = (events: readonly TeamEvent[]): readonly string[] => events.map(({ type }) => type);
