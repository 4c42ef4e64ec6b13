import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Instance, once } from "./instance.ts";
import type { Environment } from "./server.ts";

/**
 * The secrets Prism's own processes share in development, as files (mode 0600) made when
 * they are first wanted and the user names no others: what proxies show the control plane, and the key that signs tokens.
 */
export function credentials({ folder }: Instance, given: Environment): Record<string, string> {
  const file = (variable: string, name: string, make: () => string): string => {
    if (given[variable]) return given[variable];
    once(join(folder, name), make);
    return join(folder, name);
  };
  const credential = () => randomBytes(32).toString("base64url");
  return {
    PRISM_CONTROL_CREDENTIAL: file("PRISM_CONTROL_CREDENTIAL", "control-credential", credential),
    PRISM_DEV_ISSUER: file("PRISM_DEV_ISSUER", "dev-issuer.json", developmentIssuer),
  };
}

function developmentIssuer(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: crypto.randomUUID() };
  return JSON.stringify({ issuer: "urn:prism:development", audience: "prism", jwk }, null, 2);
}
