import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { type Credentials, derivedSalt } from "./logins.ts";

export const scramIterations = 4_096;

type Hash = "sha256" | "sha512";

/** What a server keeps of a password by RFC 5802, so that the password itself never travels. */
export function scram(hash: Hash, credentials: Credentials) {
  const salt = derivedSalt(credentials);
  const bytes = hash === "sha256" ? 32 : 64;
  const saltedPassword = pbkdf2Sync(credentials.password, salt, scramIterations, bytes, hash);
  return { salt, saltedPassword };
}

/** The same as Postgres writes it into `pg_authid`. */
export function scramVerifier(credentials: Credentials): string {
  const { salt, saltedPassword } = scram("sha256", credentials);
  const keyed = (what: string) => createHmac("sha256", saltedPassword).update(what).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  const server = keyed("Server Key").toString("base64");
  return `SCRAM-SHA-256$${scramIterations}:${salt.toString("base64")}$${stored}:${server}`;
}
