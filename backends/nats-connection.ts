import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { asking } from "./ask.ts";
import type { Timed } from "./timed.ts";

/** One question to JetStream, in time or not at all. */
export type Streams = <T>(
  what: string,
  timed: Timed,
  question: (streams: JetStreamManager, connection: NatsConnection) => Promise<T>,
) => Promise<T>;

/**
 * A connection that is opened when it is needed, and again after it broke. The client's own
 * way of reconnecting keeps what is asked meanwhile, and would send it after its caller has
 * given up.
 */
export function natsConnection(url: string, deadlineMs: number) {
  const { servers, ...login } = natsAddress(url);
  const ask = asking("NATS");
  let opened: Promise<{ connection: NatsConnection; streams: JetStreamManager }> | undefined;

  const open = async () => {
    const connection = await connect({
      servers,
      ...login,
      name: "prism-worker",
      reconnect: false,
      timeout: deadlineMs,
    });
    void connection.closed().then(() => {
      opened = undefined;
    });
    return {
      connection,
      streams: await jetstreamManager(connection, { timeout: deadlineMs, checkAPI: false }),
    };
  };
  const current = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  const streams: Streams = (what, timed, question) =>
    ask(what, timed, async () => {
      const { streams: api, connection } = await current();
      timed.throwIfOver();
      return question(api, connection);
    });

  return {
    streams,
    async close(): Promise<void> {
      const held = await opened?.catch(() => undefined);
      await held?.connection.close();
    },
  };
}

/** nats://user:password@host:port,host:port */
export function natsAddress(url: string) {
  const [, user, password, hosts = ""] = /^(?:nats:\/\/)?(?:([^:@]*):([^@]*)@)?(.*)$/.exec(url) ?? [];
  const servers = hosts.split(",").map((host) => host.trim());
  const login =
    user === undefined ? {} : { user: decodeURIComponent(user), pass: decodeURIComponent(password ?? "") };
  return { servers, ...login };
}
