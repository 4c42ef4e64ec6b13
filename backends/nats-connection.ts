import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import {
  type ConnectionOptions,
  connect,
  jwtAuthenticator,
  type NatsConnection,
} from "@nats-io/transport-node";
import { PrismError } from "../domain/errors.ts";
import { asking } from "./ask.ts";
import { claimsIn } from "./nats-keys.ts";
import type { Timed } from "./timed.ts";

/** One question to JetStream, in time or not at all. */
export type Streams = <T>(
  what: string,
  timed: Timed,
  question: (streams: JetStreamManager, connection: NatsConnection) => Promise<T>,
) => Promise<T>;

/** A connection that is opened when it is needed, and again after it broke. */
export function natsConnection(url: string, deadlineMs: number) {
  const { options } = natsAddress(url);
  const ask = asking("NATS");
  let opened: Promise<{ connection: NatsConnection; streams: JetStreamManager }> | undefined;

  const open = async () => {
    const connection = await connect({ ...options, ...natsPatience(deadlineMs), name: "prism-worker" });
    return {
      connection,
      streams: await jetstreamManager(connection, { timeout: deadlineMs, checkAPI: false }),
    };
  };
  const current = () => {
    if (opened !== undefined) return opened;
    const opening = open();
    opened = opening;
    // Another may have been opened meanwhile, and that one stays.
    const forget = () => {
      if (opened === opening) opened = undefined;
    };
    opening.then(({ connection }) => connection.closed()).then(forget, forget);
    return opening;
  };

  const streams: Streams = (what, timed, question) =>
    ask(what, timed, async () => {
      const opening = current();
      const { streams: api, connection } = await opening;
      timed.throwIfOver();
      // Silent for all of the time that a question has: the next one is not asked over it.
      const giveUp = () => {
        if (!isLate(timed.signal.reason)) return;
        if (opened === opening) opened = undefined;
        connection.close().catch(() => {});
      };
      timed.signal.addEventListener("abort", giveUp, { once: true });
      return question(api, connection).finally(() => timed.signal.removeEventListener("abort", giveUp));
    });

  return {
    streams,
    async close(): Promise<void> {
      const held = await opened?.catch(() => undefined);
      await held?.connection.close();
    },
  };
}

/** Its time is over, and not: its caller has gone. */
const isLate = (reason: unknown): boolean =>
  reason instanceof PrismError && reason.details["timeout"] === true;

/**
 * What is asked while it is down is not kept: it would be sent after its caller has given up. A connection
 * that was forgotten on the way tells nobody: two thirds of the time without an answer, and it is given up.
 */
export const natsPatience = (deadlineMs: number) => ({
  reconnect: false,
  timeout: deadlineMs,
  pingInterval: Math.floor(deadlineMs / 3),
  maxPingOut: 1,
});

/**
 * nats://user:password@host:port,host:port; in operator mode the JWT of a user stands for the
 * name and its seed for the password, and `account` is whose user it is.
 */
export function natsAddress(url: string): { options: ConnectionOptions; account: string | undefined } {
  const [, user, password, hosts = ""] = /^(?:nats:\/\/)?(?:([^:@]*):([^@]*)@)?(.*)$/.exec(url) ?? [];
  const servers = hosts.split(",").map((host) => host.trim());
  if (user === undefined) return { options: { servers }, account: undefined };
  const [name, secret] = [decodeURIComponent(user), decodeURIComponent(password ?? "")];
  if (!secret.startsWith("SU") || name.split(".").length !== 3) {
    return { options: { servers, user: name, pass: secret }, account: undefined };
  }
  const { iss, nats } = claimsIn(name);
  return {
    options: { servers, authenticator: jwtAuthenticator(name, Buffer.from(secret)) },
    account: (nats["issuer_account"] as string | undefined) ?? iss,
  };
}
