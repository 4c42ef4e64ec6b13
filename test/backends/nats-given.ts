import type { NatsTrust } from "../../backends/nats-account.ts";
import { natsAddress } from "../../backends/nats-connection.ts";
import type { Environment } from "../../runtime/variables.ts";

/** The NATS that a test was given, as Prism's processes read it; without `trust` it has no logins. */
export function natsGiven(environment: Environment): { url: string; trust: NatsTrust | undefined } {
  const [url = "", operator, system] = ["URL", "OPERATOR", "SYSTEM"].map(
    (name) => environment[`PRISM_NATS_${name}`],
  );
  const told = operator !== undefined && system !== undefined;
  return { url, trust: told && natsAddress(url).account !== undefined ? { operator, system } : undefined };
}
