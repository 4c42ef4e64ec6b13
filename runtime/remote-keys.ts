import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import { PrismError } from "../domain/errors.ts";

/**
 * The keys that a key server publishes, asked for again when they are older than ten minutes or lack one.
 * Where it does not answer, those it answered last go on to count; before it has ever answered: `BACKEND_UNAVAILABLE`.
 */
export function remoteKeys(url: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url));
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      const held = keys.jwks();
      if (held === undefined) {
        throw new PrismError("BACKEND_UNAVAILABLE", "the key server did not answer with keys", { cause });
      }
      // A key that they lack is refused once more, and by the same error.
      return createLocalJWKSet(held)(header, token);
    }
  };
}
