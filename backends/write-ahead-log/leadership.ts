import { Client } from "pg";
import { unavailable } from "../ask.ts";

/** Led by this process as long as `signal` has not aborted. */
export type Term = {
  readonly signal: AbortSignal;
  /** On the connection that holds the lock: what is asked there is asked by the leader. With a `name`, planned once. */
  query<Row>(text: string, values: readonly unknown[], name?: string): Promise<readonly Row[]>;
  resign(): Promise<void>;
};

/** Who does what only one process at a time may do. Ends with the connection that holds the locks. */
export interface Leadership {
  /** `undefined`: somebody else leads, here or elsewhere. */
  tryLead(name: string): Promise<Term | undefined>;
  close(): Promise<void>;
}

const beatMs = 1_000;
// A server that says nothing for so long has lost us, or we have lost it.
const silenceMs = 5_000;

type Ask = <Row>(text: string, values?: readonly unknown[], name?: string) => Promise<readonly Row[]>;
type Connected = {
  readonly ask: Ask;
  /** What is led on it: Postgres gives a session the lock that it has a second time. */
  readonly led: Set<string>;
  readonly lost: AbortController;
  readonly end: () => Promise<void>;
};

/** Session locks of Postgres on one connection for all that this process leads. */
export function leadership(url: string, applicationName: string): Leadership {
  let connecting: Promise<Connected> | undefined;

  const connect = async (): Promise<Connected> => {
    const lost = new AbortController();
    const client = new Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: silenceMs,
      query_timeout: silenceMs,
      keepAlive: true,
    });
    const end = async (): Promise<void> => {
      if (lost.signal.aborted) return;
      lost.abort(new Error("the connection that holds the locks has ended"));
      connecting = undefined;
      clearInterval(beat);
      await client.end().catch(() => {});
    };
    const ask = inTurn(client);
    const beat = setInterval(() => ask("select 1").catch(end), beatMs).unref();
    client.on("error", end);
    client.on("end", end);
    try {
      await client.connect();
      // How far something was relayed may be forgotten by a crash: it is then relayed again. And whoever
      // is paused for longer than this leads no longer, though its connection seems to stand.
      await ask("set synchronous_commit = off");
      await ask(`set idle_session_timeout = ${silenceMs}`);
    } catch (error) {
      await end();
      throw error;
    }
    return { ask, led: new Set(), lost, end };
  };

  return {
    async tryLead(name) {
      try {
        connecting ??= connect();
        const { ask, led, lost, end } = await connecting;
        if (led.has(name)) return undefined;
        led.add(name);
        const lock = [`prism lead ${name}`];
        const question = "select pg_try_advisory_lock(hashtextextended($1, 0)) as got";
        const [answer] = await ask<{ got: boolean }>(question, lock).catch((error: unknown) => {
          // It may have been given all the same, and nobody here would know of it.
          void end();
          throw error;
        });
        if (answer?.got !== true) {
          led.delete(name);
          return undefined;
        }
        return {
          signal: lost.signal,
          query: ask,
          async resign() {
            if (lost.signal.aborted) return;
            // Whoever cannot give it back ends the connection, and with it the lock.
            await ask("select pg_advisory_unlock(hashtextextended($1, 0))", lock).catch(end);
            led.delete(name);
          },
        };
      } catch (cause) {
        throw unavailable("Postgres", `say who leads ${name}`, cause);
      }
    },

    async close() {
      const connected = await connecting?.catch(() => undefined);
      await connected?.end();
    },
  };
}

/** One question at a time: the next waits for the answer. */
function inTurn(client: Client): Ask {
  let last: Promise<unknown> = Promise.resolve();
  return <Row>(text: string, values: readonly unknown[] = [], name?: string) => {
    const question = { text, values: [...values], ...(name === undefined ? {} : { name }) };
    const answer = last.then(() => client.query(question));
    last = answer.catch(() => {});
    return answer.then(({ rows }) => rows as readonly Row[]);
  };
}
