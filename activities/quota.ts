import type { TeamCommands } from "../control/team-commands.ts";
import { requestedAmounts } from "../domain/request/quota.ts";
import type { TeamCommand } from "../domain/team/decide.ts";
import type { Attempt } from "./attempt.ts";
import type { Occasion } from "./occasion.ts";
import { askedFor } from "./planned.ts";
import type { Recorder } from "./recorder.ts";

export type QuotaDependencies = {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly teams: TeamCommands;
};

/**
 * A team's quota is taken before anything is provisioned and decided on its stream with
 * an expected revision: no set of concurrent creates passes it.
 */
export const quotaActivities = ({ attempt, recorder, teams }: QuotaDependencies) => {
  const decide = async (occasion: Occasion, commandFor: (taken: Taken) => TeamCommand): Promise<void> => {
    const { state } = await recorder.read(occasion.namespace);
    const request = askedFor(state);
    const { namespace, operation, actor, round = 0 } = occasion;
    const amounts = requestedAmounts(request.needs);
    const command = commandFor({ namespace, operation, amounts, incarnation: state.incarnation });
    await teams.decide({ team: request.team, command, operation, actor, round });
  };

  return {
    reserveQuota: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "reserve-quota", () =>
        decide(occasion, (taken) => ({ type: "ReserveQuota", ...taken })),
      ),

    commitQuota: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "commit-quota", () =>
        decide(occasion, ({ namespace, operation }) => ({ type: "CommitQuota", namespace, operation })),
      ),

    /** Gives back what the operation has reserved beyond what the namespace holds. */
    releaseReservation: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "release-reservation", () =>
        decide(occasion, ({ namespace, operation }) => ({
          type: "ReleaseReservation",
          namespace,
          operation,
        })),
      ),

    /** Gives back all that this life of the namespace has taken, also what was committed already. */
    releaseQuota: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "release-quota", () =>
        decide(occasion, ({ namespace, operation, incarnation }) => ({
          type: "ReleaseNamespace",
          namespace,
          operation,
          incarnation,
        })),
      ),
  };
};

type Taken = {
  readonly namespace: string;
  readonly operation: string;
  readonly incarnation: number;
  readonly amounts: ReturnType<typeof requestedAmounts>;
};
