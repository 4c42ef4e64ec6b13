import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { type Credentials, derivedSalt, derivedSecret } from "./logins.ts";

const fewest = 4_096;
/** Kafka's own limit. */
const most = 16_384;

type Hash = "sha256" | "sha512";

/** What a server keeps of a password by RFC 5802, so that the password itself never travels. */
export function scram(hash: Hash, credentials: Credentials, iterations = fewest) {
  const salt = derivedSalt(credentials);
  const bytes = hash === "sha256" ? 32 : 64;
  const saltedPassword = pbkdf2Sync(credentials.password, salt, iterations, bytes, hash);
  return { iterations, salt, saltedPassword };
}

/**
 * So many as follow from the password: all that Kafka shows of one. Another password has as many once in
 * 12,288 times.
 */
export function tellingIterations(credentials: Credentials): number {
  const [first = 0, second = 0, third = 0] = derivedSecret(credentials, ["iterations"]);
  return fewest + (((first << 16) | (second << 8) | third) % (most - fewest));
}

/** The same as Postgres writes it into `pg_authid`. */
export function scramVerifier(credentials: Credentials): string {
  const { iterations, salt, saltedPassword } = scram("sha256", credentials);
  const keyed = (what: string) => createHmac("sha256", saltedPassword).update(what).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  const server = keyed("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}
