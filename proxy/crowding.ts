import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Http2Session, ServerHttp2Stream } from "node:http2";

/**
 * Where more of a namespace's calls are refused than late answers hold up, the connections that bring them may have
 * fewer calls open: what is over waits at its sender, and what is sent all the same HTTP/2 itself refuses, before
 * this process has read it.
 */
export interface Crowding {
  /** A call that came from `peer` was refused, its answer waits; answers what to do when that has gone. */
  refused(namespace: string, peer: string, perSecond: number): () => void;
  close(): void;
}

type Connection = {
  readonly session: Http2Session;
  /** Calls, the refused ones too. */
  open: number;
  /** Refused calls whose answer waits. */
  waiting: number;
  refusedAt: number;
  /** How many calls it may have open. */
  limit: number;
  /** The client has said that it knows: before that another word would only add to what it has to read. */
  isKnown: boolean;
};

/** Of one connection, where nothing is refused: a call costs memory before anything of it is read. */
export const callsAtOnce = 1_000;

/** Who brings what is refused of a namespace, and how much of it waits. */
type Crowd = { readonly by: Map<Connection, number>; waiting: number };

const created = "http2.server.stream.created";
const closed = "http2.server.stream.close";
// In so much of a second calls are answered, the refused ones too: what a rate has open if nobody asks for more.
const openSeconds = 0.05;
// Half of what late refusals hold of a namespace: below it they do without.
const mostWaiting = 1_000;
const leastRoom = 64;
const leastStreams = 2;
const calmMs = 1_000;

// All that has waited at a sender comes at once where it suddenly may.
const wider = ({ limit }: Connection): number => Math.min(4 * limit, callsAtOnce);

export function crowding(clock: () => number = () => performance.now()): Crowding {
  const connections = new Map<string, Connection>();
  const bySession = new WeakMap<Http2Session, Connection>();
  // By namespace.
  const crowds = new Map<string, Crowd>();

  const opened = (message: unknown): void => {
    const { session } = (message as { readonly stream: ServerHttp2Stream }).stream;
    if (session === undefined || session.destroyed) return;
    const known = bySession.get(session);
    if (known !== undefined) return void known.open++;
    const connection = { session, open: 1, waiting: 0, refusedAt: 0, limit: callsAtOnce, isKnown: true };
    const peer = `${session.socket.remoteAddress}:${session.socket.remotePort}`;
    bySession.set(session, connection);
    connections.set(peer, connection);
    session.once("close", () => connections.delete(peer));
  };

  const ended = (message: unknown): void => {
    const { session } = (message as { readonly stream: ServerHttp2Stream }).stream;
    const connection = session && bySession.get(session);
    if (connection !== undefined) connection.open--;
  };

  const say = (connection: Connection, maxConcurrentStreams: number): void => {
    const { session } = connection;
    if (session.destroyed || session.closed) return;
    connection.limit = maxConcurrentStreams;
    connection.isKnown = false;
    session.settings({ maxConcurrentStreams }, () => {
      connection.isKnown = true;
    });
  };

  /** To what its calls beside the refused ones have open, and its part of the room. */
  const narrow = (connection: Connection, room: number): void => {
    const part = Math.max(leastStreams, Math.ceil(room));
    if (!connection.isKnown || connection.waiting <= part) return;
    // Who asked may have given up, and the answer still waits: less than nothing no setting can say.
    const limit = Math.max(0, connection.open - connection.waiting) + part;
    // In few steps: each is a word that the client has to answer.
    if (limit <= connection.limit / 2) say(connection, limit);
  };

  const leave = (namespace: string, crowd: Crowd, connection: Connection): void => {
    connection.waiting--;
    crowd.waiting--;
    const left = (crowd.by.get(connection) ?? 1) - 1;
    if (left > 0) crowd.by.set(connection, left);
    else crowd.by.delete(connection);
    if (crowd.waiting === 0) crowds.delete(namespace);
  };

  const widening = setInterval(() => {
    const now = clock();
    for (const connection of connections.values()) {
      const isCalm = connection.waiting === 0 && now - connection.refusedAt > calmMs;
      if (connection.limit < callsAtOnce && connection.isKnown && isCalm) say(connection, wider(connection));
    }
  }, calmMs).unref();

  subscribe(created, opened);
  subscribe(closed, ended);

  return {
    refused(namespace, peer, perSecond) {
      const connection = connections.get(peer);
      if (connection === undefined) return () => {};
      const crowd = crowds.get(namespace) ?? { by: new Map<Connection, number>(), waiting: 0 };
      crowds.set(namespace, crowd);
      crowd.by.set(connection, (crowd.by.get(connection) ?? 0) + 1);
      crowd.waiting++;
      connection.waiting++;
      connection.refusedAt = clock();
      const room = Math.max(leastRoom, perSecond * openSeconds);
      if (crowd.waiting > mostWaiting) narrow(connection, room / crowd.by.size);
      return () => leave(namespace, crowd, connection);
    },
    close() {
      clearInterval(widening);
      unsubscribe(created, opened);
      unsubscribe(closed, ended);
    },
  };
}
