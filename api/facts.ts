import type { TeamCommands } from "../control/team-commands.ts";
import type { Json } from "../domain/json.ts";
import { ownersNamed } from "../domain/request/examine.ts";
import type { QuotaFacts } from "../domain/request/quota.ts";
import type { Facts } from "../domain/request/rules.ts";
import { nothing, plus } from "../domain/team/quota.ts";
import { held, remaining, type Team } from "../domain/team/team.ts";
import type { Caller } from "../runtime/auth.ts";

/**
 * What has to be known about a request before it can be judged: which of the teams it
 * names exist, and what its own team has left. Read from the streams, which are the truth.
 */
export async function factsAbout(
  teams: TeamCommands,
  caller: Caller,
  team: string | undefined,
  document: Json,
  /** One that is there already: what it holds is its own. */
  namespace?: string,
): Promise<{ readonly known: Facts; readonly team: Team | undefined }> {
  const named = [...new Set([...(team === undefined ? [] : [team]), ...ownersNamed(document)])];
  const found = new Map(
    await Promise.all(named.map(async (name) => [name, await teams.read(name)] as const)),
  );
  const exists = (name: string): boolean => (found.get(name)?.team ?? "") !== "";
  const own = team !== undefined && exists(team) ? found.get(team) : undefined;
  const known: Facts = {
    caller,
    teamExists: exists,
    quota: own && quotaFor(own, namespace),
  };
  return { known, team: own };
}

function quotaFor(team: Team, namespace: string | undefined): QuotaFacts {
  const holding = namespace === undefined ? undefined : team.holdings.get(namespace);
  const now = holding === undefined ? nothing : held(holding);
  return { quota: team.quota, remaining: plus(remaining(team), now), held: now };
}
