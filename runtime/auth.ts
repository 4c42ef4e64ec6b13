import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  createLocalJWKSet,
  errors,
  importJWK,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from "jose";
import { PrismError } from "../domain/errors.ts";
import type { AuthConfig } from "./config.ts";
import { remoteKeys } from "./remote-keys.ts";

/** Who is calling, as the token says it. */
export type Caller = {
  /** `user:<name>` or `service:<name>`. */
  readonly subject: string;
  readonly teams: readonly string[];
  readonly platform: boolean;
  readonly audit: boolean;
  readonly expiresAt: Date;
};

export interface Authority {
  /**
   * The caller behind `Authorization: Bearer …`; `UNAUTHENTICATED` where there is none to trust,
   * `BACKEND_UNAVAILABLE` where no keys are known yet to tell by.
   */
  caller(authorization: string | undefined): Promise<Caller>;
}

// Pinned, so that no token can choose its own algorithm.
const algorithms = ["ES256", "EdDSA", "RS256"];
const cacheLimit = 10_000;

/** Checks tokens against the configured key set. A verified token is remembered, by its hash, until it expires. */
export function authority(config: AuthConfig, clock: () => number = Date.now): Authority {
  const { keys, issuer, audience } = trusted(config);
  const known = new Map<string, Caller>();

  const verify = async (token: string): Promise<Caller> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        requiredClaims: ["sub", "exp"],
        currentDate: new Date(clock()),
      });
      return callerOf(payload);
    } catch (cause) {
      if (cause instanceof PrismError) throw cause;
      // Only what says nothing about our keys; the cause stays in our log.
      const why =
        cause instanceof errors.JWTExpired ? "the token has expired" : "the token is not one we accept";
      throw unauthenticated(why, cause);
    }
  };

  return {
    async caller(authorization) {
      const token = /^Bearer ([A-Za-z0-9_.-]+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined) throw unauthenticated("a bearer token is needed");
      const digest = hash("sha256", token, "base64");
      const remembered = known.get(digest);
      if (remembered !== undefined && remembered.expiresAt.getTime() > clock()) return remembered;
      known.delete(digest);
      const caller = await verify(token);
      if (known.size >= cacheLimit) known.delete(known.keys().next().value ?? "");
      known.set(digest, caller);
      return caller;
    },
  };
}

function callerOf(payload: JWTPayload): Caller {
  const subject = payload.sub ?? "";
  if (!/^(user|service):[A-Za-z0-9._@-]{1,100}$/.test(subject)) {
    throw unauthenticated("the token's sub must be user:<name> or service:<name>");
  }
  const groups = payload["groups"];
  const scope = payload["scope"];
  const scopes = typeof scope === "string" ? scope.split(" ") : [];
  return {
    subject,
    teams: Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [],
    platform: scopes.includes("prism:platform"),
    audit: scopes.includes("prism:audit"),
    expiresAt: new Date((payload.exp ?? 0) * 1000),
  };
}

const unauthenticated = (why: string, cause?: unknown): PrismError =>
  new PrismError("UNAUTHENTICATED", `not signed in: ${why}`, {
    details: {
      recommendation: "Send 'authorization: Bearer <token>'; in development `prism token` prints one",
    },
    cause,
  });

function trusted(config: AuthConfig): { keys: JWTVerifyGetKey; issuer: string; audience: string } {
  if (config.kind === "jwks") return { keys: remoteKeys(config.url), ...config };
  const { issuer, audience, jwk } = developmentIssuer(config.file);
  const { d: _, ...publicKey } = jwk;
  return {
    keys: createLocalJWKSet({ keys: [{ ...publicKey, alg: "ES256", use: "sig" }] }),
    issuer,
    audience,
  };
}

type DevelopmentIssuer = { readonly issuer: string; readonly audience: string; readonly jwk: JWK };

function developmentIssuer(file: string): DevelopmentIssuer {
  try {
    const issuer = JSON.parse(readFileSync(file, "utf8")) as Partial<DevelopmentIssuer>;
    if (!issuer.issuer || !issuer.audience || !issuer.jwk)
      throw new Error("issuer, audience and jwk are needed");
    return { issuer: issuer.issuer, audience: issuer.audience, jwk: issuer.jwk };
  } catch (cause) {
    throw new PrismError("INVALID_CONFIGURATION", `PRISM_DEV_ISSUER names a file without a key: ${file}`, {
      details: { field: "PRISM_DEV_ISSUER", recommendation: "`prism stack up` makes one" },
      cause,
    });
  }
}

export type TokenRequest = {
  readonly subject: string;
  readonly teams?: readonly string[];
  readonly scopes?: readonly string[];
  readonly ttlSeconds: number;
};

/** A token of the development issuer, whose private key lies in `file`. */
export async function developmentToken(
  file: string,
  request: TokenRequest,
  now = Date.now(),
): Promise<string> {
  const { issuer, audience, jwk } = developmentIssuer(file);
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ groups: [...(request.teams ?? [])], scope: (request.scopes ?? []).join(" ") })
    .setProtectedHeader({ alg: "ES256" })
    .setSubject(request.subject)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + request.ttlSeconds)
    .sign(await importJWK(jwk, "ES256"));
}

/**
 * The development issuer signs for anyone who can read its file, so it must not be
 * reachable by anyone else.
 */
export function refuseDevelopmentIssuerOffLoopback(config: AuthConfig, hosts: readonly string[]): void {
  if (config.kind !== "development") return;
  const open = hosts.find((host) => !isLoopback(host));
  if (open === undefined) return;
  throw new PrismError(
    "INVALID_CONFIGURATION",
    `the development issuer runs on loopback only, and this process listens on ${open}: set PRISM_JWKS_URL`,
    { details: { field: "PRISM_JWKS_URL" } },
  );
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
