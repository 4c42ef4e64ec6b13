import { type AttemptDependencies, attempts } from "./attempt.ts";
import { type DecisionDependencies, decisionActivities } from "./decisions.ts";
import { type DeletingDependencies, deletingActivities } from "./deleting.ts";
import { type EndingDependencies, endingActivities } from "./ending.ts";
import { type GrowingDependencies, growingActivities } from "./growing.ts";
import { type LifecycleDependencies, lifecycleActivities } from "./lifecycle.ts";
import { type MovingDependencies, movingActivities } from "./moving.ts";
import { type ProvisioningDependencies, provisioningActivities } from "./provisioning.ts";
import { type QuotaDependencies, quotaActivities } from "./quota.ts";
import { type RepairingDependencies, repairingActivities } from "./repairing.ts";
import { type RewindingDependencies, rewindingActivities } from "./rewinding.ts";
import { type ServingDependencies, servingActivities } from "./serving.ts";
import { type SweepingDependencies, sweepingActivities } from "./sweeping.ts";
import { type UpdatingDependencies, updatingActivities } from "./updating.ts";

export type ActivityDependencies = AttemptDependencies &
  Omit<
    DecisionDependencies &
      DeletingDependencies &
      EndingDependencies &
      GrowingDependencies &
      LifecycleDependencies &
      MovingDependencies &
      ProvisioningDependencies &
      QuotaDependencies &
      RepairingDependencies &
      RewindingDependencies &
      ServingDependencies &
      SweepingDependencies &
      UpdatingDependencies,
    "attempt"
  >;

/** Everything workflows may do. */
export function activities(dependencies: ActivityDependencies) {
  const attempt = attempts(dependencies);
  return {
    ...decisionActivities({ ...dependencies, attempt }),
    ...lifecycleActivities({ ...dependencies, attempt }),
    ...provisioningActivities({ ...dependencies, attempt }),
    ...quotaActivities({ ...dependencies, attempt }),
    ...growingActivities({ ...dependencies, attempt }),
    ...updatingActivities({ ...dependencies, attempt }),
    ...deletingActivities({ ...dependencies, attempt }),
    ...movingActivities({ ...dependencies, attempt }),
    ...rewindingActivities({ ...dependencies, attempt }),
    ...endingActivities({ ...dependencies, attempt }),
    ...servingActivities({ ...dependencies, attempt }),
    ...repairingActivities({ ...dependencies, attempt }),
    ...sweepingActivities({ ...dependencies, attempt }),
  };
}

export type Activities = ReturnType<typeof activities>;
