import { PrismError } from "../domain/errors.ts";
import type { Caller } from "../runtime/auth.ts";

/** Refuses everybody else. `what` goes on: "Only the platform team …". */
export function mustBePlatform(caller: Caller, what: string): void {
  if (caller.platform) return;
  throw new PrismError("FORBIDDEN", `Only the platform team ${what}`, {
    details: { recommendation: "Ask a member of the platform team" },
  });
}

/** Those who run Prism, and those who check them. */
export function mustSeeThePlatform(caller: Caller, what: string): void {
  if (caller.platform || caller.audit) return;
  throw new PrismError("FORBIDDEN", `Only the platform team and auditors see ${what}`, {
    details: { recommendation: "GET /namespaces/{ns}/endpoints tells where a namespace is served" },
  });
}
