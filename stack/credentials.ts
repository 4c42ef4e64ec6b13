import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Instance, once } from "./instance.ts";

/**
 * The secrets Prism's own processes share in development, as files (mode 0600) made when
 * they are first wanted: what proxies show the control plane, and the key that signs tokens.
 */
export function credentials(instance: Instance): Record<string, string> {
  const files = {
    PRISM_CONTROL_CREDENTIAL: join(instance.folder, "control-credential"),
    PRISM_DEV_ISSUER: join(instance.folder, "dev-issuer.json"),
  };
  once(files.PRISM_CONTROL_CREDENTIAL, () => randomBytes(32).toString("base64url"));
  once(files.PRISM_DEV_ISSUER, developmentIssuer);
  return files;
}

function developmentIssuer(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: crypto.randomUUID() };
  return JSON.stringify({ issuer: "urn:prism:development", audience: "prism", jwk }, null, 2);
}
