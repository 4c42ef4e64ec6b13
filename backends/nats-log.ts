import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type MsgHdrs, type NatsConnection, headers as newHeaders } from "@nats-io/transport-node";
import { PrismError } from "../domain/errors.ts";
import { natsStream as streamName } from "../domain/selection/names.ts";
import type { Owner } from "./backend.ts";
import type { Log, LogPosition, NewRecord, StoredRecord } from "./log.ts";
import { natsAddress, natsPatience } from "./nats-connection.ts";
import { natsStream, natsSubjects } from "./prefixes.ts";

export type NatsLogOptions = {
  /** nats://user:password@host:port,host:port */
  readonly url: string;
  readonly owner: Owner;
  /** As the plan names it. */
  readonly subject: string;
};

const keyHeader = "prism-key";
const timeHeader = "prism-time";
const timeoutMs = 7_000;
const lookAgainMs = 100;
/** Below the subjects of a namespace's life; what a client calls a topic travels in a header. */
const messages = "messages";

/**
 * One stream as a namespace's log: a single partition, positions are sequence numbers.
 * Connects when first used. Reading as a member of a group is not built: PubSubService is
 * not there yet.
 */
export function natsLog({ url, owner, subject }: NatsLogOptions): Log {
  const stream = natsStream(streamName(owner.namespace), owner);
  const publishTo = natsSubjects(subject, owner).replace(/[>*]$/, messages);
  const { opened, close } = lazily(url);

  const publish = async (record: NewRecord): Promise<LogPosition> => {
    const { client } = await opened();
    const id = record.headers.get("prism-id");
    const { seq } = await client.publish(publishTo, record.value, {
      headers: headersOf(record),
      timeout: timeoutMs,
      // A publish that is repeated within two minutes is stored once.
      ...(id === undefined ? {} : { msgID: id }),
    });
    return { partition: 0, offset: BigInt(seq) };
  };

  const stored = async (seq: number): Promise<StoredRecord | undefined> => {
    const { manager } = await opened();
    const found = await manager.streams.getMessage(stream, { seq });
    return found === null ? undefined : recordOf(BigInt(found.seq), found.data, found.header);
  };

  return {
    append: (record) => inWords("publish", publish(record)),
    // One connection keeps their order; what is repeated is recognised by its id.
    write: async (records) => void (await inWords("publish", Promise.all(records.map(publish)))),
    read: ({ offset }) => inWords("read", stored(Number(offset))),

    async find(_, isIt, signal) {
      let next = 0;
      while (!signal.aborted) {
        const { manager } = await inWords("search", opened());
        const { first_seq, last_seq } = (await inWords("search", manager.streams.info(stream))).state;
        // From the end: what is looked for was written a moment ago.
        for (let seq = last_seq; seq >= Math.max(first_seq, next, 1) && !signal.aborted; seq--) {
          const record = await inWords("search", stored(seq));
          if (record !== undefined && isIt(record)) return record;
        }
        next = last_seq + 1;
        await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
      }
      return undefined;
    },

    join: () => Promise.reject(new PrismError("UNIMPLEMENTED", "this proxy reads no groups from NATS yet")),
    close,
  };
}

type Opened = { connection: NatsConnection; client: JetStreamClient; manager: JetStreamManager };

function lazily(url: string) {
  let opening: Promise<Opened> | undefined;
  const open = async (): Promise<Opened> => {
    const connection = await connect({
      ...natsAddress(url).options,
      ...natsPatience(timeoutMs),
      name: "prism-proxy",
    });
    void connection.closed().then(() => {
      opening = undefined;
    });
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
    return { connection, client: jetstream(connection, { timeout: timeoutMs }), manager };
  };
  return {
    opened(): Promise<Opened> {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async close(): Promise<void> {
      const held = await opening?.catch(() => undefined);
      await held?.connection.close();
    },
  };
}

function headersOf(record: NewRecord): MsgHdrs {
  const headers = newHeaders();
  // Header values are text of a line: whatever a client puts there comes back as it was.
  for (const [name, value] of record.headers) headers.set(name, encodeURIComponent(value));
  if (record.key !== undefined) headers.set(keyHeader, Buffer.from(record.key).toString("base64"));
  headers.set(timeHeader, String(record.timestampMs));
  return headers;
}

function recordOf(offset: bigint, value: Uint8Array, held: MsgHdrs): StoredRecord {
  const own = [keyHeader, timeHeader, "Nats-Msg-Id"];
  const names = held.keys().filter((name) => !own.includes(name));
  const key = held.get(keyHeader);
  return {
    offset,
    value,
    key: key === "" ? undefined : Buffer.from(key, "base64"),
    headers: new Map(names.map((name) => [name, decodeURIComponent(held.get(name))])),
    timestampMs: Number(held.get(timeHeader)),
  };
}

async function inWords<T>(doing: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof PrismError) throw cause;
    throw new PrismError("BACKEND_UNAVAILABLE", `could not ${doing}: NATS does not answer as it should`, {
      details: { backend: "nats", retry_after_ms: 1_000 },
      cause,
    });
  }
}
