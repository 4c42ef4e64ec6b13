import { hkdfSync } from "node:crypto";
import type { BackendKind } from "../domain/plan.ts";
import { loginName } from "../domain/selection/names.ts";
import type { Owner } from "./backend.ts";

export type Credentials = { readonly user: string; readonly password: string };

/** A namespace's own login in a backend. */
export type Logins = (backend: BackendKind, owner: Owner) => Credentials;

// Raised when every password has to change at once.
const generation = 1;

/**
 * Logins by derivation: HKDF-SHA-256 of the platform's secret over backend, namespace and
 * incarnation. So no password is ever stored or sent to the event store or Temporal, each
 * worker comes to the same one, and a name that is used again gets another.
 */
export const logins =
  (secret: string): Logins =>
  (backend, owner) => ({
    user: loginName(backend, owner),
    password: derived(secret, ["password", backend, owner]).toString("base64url"),
  });

/** 32 bytes that only the secret's holder can make; for salts, so that the same login is set the same way twice. */
export const derivedSalt = (credentials: Credentials): Buffer =>
  derived(credentials.password, ["salt", credentials.user]).subarray(0, 16);

/** 32 bytes that follow from a login and nobody else's; for servers that take keys. */
export const derivedSecret = ({ password }: Credentials, info: readonly string[]): Uint8Array =>
  derived(password, info);

const derived = (secret: string, info: unknown): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, `prism ${generation}`, JSON.stringify(info), 32));
