import { PrismError } from "../domain/errors.ts";
import type { Log, NewRecord, StoredRecord } from "./log.ts";

/** Where a probe is left, and found again. */
export type ProbePlace = {
  /** As people know the backend. */
  readonly name: string;
  readonly backend: string;
  put(text: string): Promise<unknown>;
  get(): Promise<string | null>;
  close(): Promise<void>;
};

/** The reserved topic, and the key where a backend has keys. */
export const probeTopic = "prism-probe";

/**
 * What a proxy does with a namespace whose client API is not served yet: Prism's own probe
 * goes in and comes out again. Whatever else is asked is `UNIMPLEMENTED`.
 */
export function probeLog({ name, backend, put, get, close }: ProbePlace): Log {
  const unbuilt = (what: string): PrismError =>
    new PrismError("UNIMPLEMENTED", `this proxy ${what}: backend ${backend}`);
  const inWords = async <T>(doing: string, asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (cause) {
      throw new PrismError(
        "BACKEND_UNAVAILABLE",
        `could not ${doing}: ${name} does not answer as it should`,
        { details: { backend, retry_after_ms: 1_000 }, cause },
      );
    }
  };

  const append = async (record: NewRecord) => {
    if (record.headers.get("prism-topic") !== probeTopic) throw unbuilt("does not keep clients' values yet");
    await inWords("write", put(textOf(record)));
    return { partition: 0, offset: 0n };
  };

  return {
    append,
    write: async (records) => {
      for (const record of records) await append(record);
    },
    async read() {
      const text = await inWords("read", get());
      return text === null ? undefined : recordIn(text);
    },
    find: () => Promise.reject(unbuilt("has no log to search")),
    join: () => Promise.reject(unbuilt("has no groups")),
    close,
  };
}

const textOf = ({ value, headers, timestampMs }: NewRecord): string =>
  JSON.stringify({ value: Buffer.from(value).toString("base64"), headers: [...headers], timestampMs });

function recordIn(text: string): StoredRecord {
  const { value, headers, timestampMs } = JSON.parse(text) as {
    value: string;
    headers: [string, string][];
    timestampMs: number;
  };
  return {
    offset: 0n,
    key: undefined,
    value: Buffer.from(value, "base64"),
    headers: new Map(headers),
    timestampMs,
  };
}
