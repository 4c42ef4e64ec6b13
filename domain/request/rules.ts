import { expertFields, withoutExpertFields } from "./boundary.ts";
import { businessViolations } from "./business.ts";
import type { Draft } from "./draft.ts";
import { type QuotaFacts, quotaViolations, requestedAmounts } from "./quota.ts";
import { invalid, type Violation } from "./violation.ts";

export type Caller = {
  /** `user:alice`, `service:order-api`. */
  readonly subject: string;
  readonly teams: readonly string[];
  readonly platform: boolean;
};

/** What is known outside the request. What is left out is not checked: a preview needs no free name. */
export type Facts = {
  readonly caller: Caller;
  readonly teamExists: (team: string) => boolean;
  /** The namespace that has the name already, as RFC-027 shows it. */
  readonly existing?: { readonly existing_owner?: string; readonly created_at?: string } | undefined;
  /** The owning team's quota; without it nothing is refused for quota. */
  readonly quota?: QuotaFacts | undefined;
};

/** Every rule but those of shape, in the order in which they are answered: boundary, business, quota. */
export function checkRules(draft: Draft, facts: Facts): readonly Violation[] {
  return [
    ...(facts.caller.platform ? [] : expertFields(draft)),
    ...nameTaken(draft, facts),
    ...unknownTeams(draft, facts),
    ...businessViolations(facts.caller.platform ? draft : withoutExpertFields(draft)),
    ...quota(draft, facts),
  ];
}

/** A team's own `patterns` and `backend` are refused whatever they say, so what they say is not judged. */
export function shapeFor(platform: boolean, violations: readonly Violation[]): readonly Violation[] {
  return platform
    ? violations
    : violations.filter(({ details }) => !/^(patterns|backend)($|[.[])/.test(`${details.field}`));
}

/** A caller outside the team learns this one thing and nothing else. */
export function forbidden(team: string, { teams, platform }: Caller): Violation | undefined {
  if (platform || teams.includes(team)) return undefined;
  return {
    code: "FORBIDDEN",
    message: `You are not a member of team '${team}'`,
    details: { field: "team", team, recommendation: "Ask a member of the team, or name a team of yours" },
  };
}

function nameTaken({ namespace }: Draft, { existing }: Facts): Violation[] {
  if (namespace === undefined || existing === undefined) return [];
  return [
    {
      code: "NAMESPACE_EXISTS",
      message: `Namespace '${namespace}' already exists`,
      details: {
        field: "namespace",
        ...existing,
        recommendation: "Choose a different namespace name or contact existing owner",
      },
    },
  ];
}

function unknownTeams({ team, access }: Draft, { teamExists }: Facts): Violation[] {
  const named = [
    ...(team === undefined ? [] : [{ field: "team", name: team }]),
    ...(access?.owners ?? []).map((owner, index) => ({
      field: `access.owners[${index}].team`,
      name: owner.team,
    })),
  ];
  return named
    .filter(({ name }) => !teamExists(name))
    .map(({ field, name }) =>
      invalid(field, `Team '${name}' does not exist`, {
        team: name,
        recommendation: "Check the spelling, or ask the platform team to define it",
      }),
    );
}

function quota({ team, needs }: Draft, facts: Facts): readonly Violation[] {
  if (facts.quota === undefined || team === undefined) return [];
  return quotaViolations(requestedAmounts(needs), { team, ...facts.quota });
}
