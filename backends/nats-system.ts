import { randomUUID } from "node:crypto";
import { errors } from "@nats-io/transport-node";
import type { natsConnection } from "./nats-connection.ts";
import { publicKey, signed } from "./nats-keys.ts";
import type { Timed } from "./timed.ts";

export type NatsSystem = ReturnType<typeof natsSystem>;

/** NATS' side for administrators: accounts are looked up, pushed and forgotten over the system account. */
export function natsSystem({ streams, close }: ReturnType<typeof natsConnection>, operator: string) {
  const ask = (what: string, timed: Timed, subject: string, text = ""): Promise<string> =>
    streams(what, timed, async (_, connection) =>
      (await connection.request(subject, text, { timeout: timed.leftMs() })).string(),
    );
  /** What the server has against it. */
  const order = async (what: string, timed: Timed, subject: string, jwt: string): Promise<Objection> => {
    const answer = await ask(what, timed, subject, jwt);
    const { error } = JSON.parse(answer) as { readonly error?: { readonly description: string } };
    return error?.description;
  };

  return {
    /** The JWT of an account, or why this server lets nobody make accounts. */
    async account(id: string, timed: Timed): Promise<{ jwt: string | undefined } | { refused: string }> {
      try {
        const jwt = await ask("show an account", timed, `$SYS.REQ.ACCOUNT.${id}.CLAIMS.LOOKUP`);
        return { jwt: jwt === "" ? undefined : jwt };
      } catch (error) {
        const { cause } = error as Error;
        if (isRefused(cause)) return { refused: "the server does not let PRISM_NATS_SYSTEM in" };
        if (isUnheard(cause)) return { refused: "PRISM_NATS_SYSTEM is no user of a system account" };
        throw error;
      }
    },
    /** The keys of all accounts; none where this server lets nobody ask. */
    async accounts(timed: Timed): Promise<readonly string[]> {
      try {
        const answer = await ask("list accounts", timed, "$SYS.REQ.CLAIMS.LIST");
        return (JSON.parse(answer) as { readonly data?: readonly string[] }).data ?? [];
      } catch (error) {
        const { cause } = error as Error;
        if (isRefused(cause) || isUnheard(cause)) return [];
        throw error;
      }
    },
    push: (jwt: string, timed: Timed) => order("take an account", timed, "$SYS.REQ.CLAIMS.UPDATE", jwt),
    /** Who is logged in is cut off. Forgetting one that is not there succeeds. */
    async forget(id: string, timed: Timed): Promise<Objection> {
      const nats = { type: "generic", version: 2, accounts: [id] };
      const claims = { ...issued(), name: "forget", sub: publicKey(operator), nats };
      return order("forget an account", timed, "$SYS.REQ.CLAIMS.DELETE", signed(operator, claims));
    },
    close,
  };
}

type Objection = string | undefined;

/** A server takes what it has already seen for nothing new: each is another. */
export const issued = () => ({ jti: randomUUID(), iat: Math.floor(Date.now() / 1_000) });

export const isRefused = (cause: unknown): boolean => cause instanceof errors.AuthorizationError;

/** Nobody listens there: what is asked for is not there for who asks. */
export const isUnheard = (cause: unknown): boolean =>
  cause instanceof errors.NoRespondersError ||
  (cause instanceof errors.RequestError && cause.isNoResponders());
