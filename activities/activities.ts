import { type AttemptDependencies, attempts } from "./attempt.ts";
import { type DecisionDependencies, decisionActivities } from "./decisions.ts";
import { type LifecycleDependencies, lifecycleActivities } from "./lifecycle.ts";
import { type ProvisioningDependencies, provisioningActivities } from "./provisioning.ts";
import { type QuotaDependencies, quotaActivities } from "./quota.ts";
import { type ServingDependencies, servingActivities } from "./serving.ts";

export type ActivityDependencies = AttemptDependencies &
  Omit<
    DecisionDependencies &
      LifecycleDependencies &
      ProvisioningDependencies &
      QuotaDependencies &
      ServingDependencies,
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
    ...servingActivities({ ...dependencies, attempt }),
  };
}

export type Activities = ReturnType<typeof activities>;
