import type { PlannedPolicy } from "../plan.ts";
import type { Policies } from "../request/request.ts";
import { enforcedPolicies } from "./enforced.ts";

const promises: Readonly<Record<keyof Policies, string>> = {
  pii_handling: "personal data is found and protected",
  audit_logging: "every access is logged",
  compliance: "PCI-DSS is kept, and nothing is served from a stale directory",
  deletion_protection: "a delete is refused",
};

/** Every policy that was asked for, and whether this build keeps it: one that it does not keep is never passed over. */
export function plannedPolicies(policies: Policies): readonly PlannedPolicy[] {
  const asked = (Object.keys(promises) as (keyof Policies)[]).filter(
    (policy) => ![false, "disabled", "none"].includes(policies[policy]),
  );
  return asked.map((policy) => {
    const enforced = enforcedPolicies.has(policy);
    return {
      policy,
      enforced,
      because: enforced ? promises[policy] : `not enforced yet: nothing sees to it that ${promises[policy]}`,
    };
  });
}
