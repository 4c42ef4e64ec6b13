import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Instance, once } from "./instance.ts";
import type { Environment } from "./lookup.ts";

/**
 * The secrets of development, as files (mode 0600) made when they are first wanted and the
 * user names no others: the key that signs tokens, and what namespaces' own logins are
 * derived from.
 */
export function credentials(instance: Instance, given: Environment): Record<string, string> {
  const files = { ...credentialFiles(instance) };
  for (const variable of Object.keys(files) as CredentialVariable[]) {
    if (given[variable]) files[variable] = given[variable];
    else once(files[variable], makers[variable]);
  }
  return files;
}

/** Where they are, once they have been made. */
export const credentialFiles = ({ folder }: Instance): Readonly<Record<CredentialVariable, string>> => ({
  PRISM_DEV_ISSUER: join(folder, "dev-issuer.json"),
  PRISM_SECRET: join(folder, "platform-secret"),
});

type CredentialVariable = keyof typeof makers;

const makers = {
  PRISM_DEV_ISSUER: developmentIssuer,
  PRISM_SECRET: () => randomBytes(32).toString("base64url"),
};

function developmentIssuer(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: crypto.randomUUID() };
  return JSON.stringify({ issuer: "urn:prism:development", audience: "prism", jwk }, null, 2);
}
