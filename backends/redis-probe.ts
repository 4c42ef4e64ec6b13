import { Redis } from "ioredis";
import { PrismError } from "../domain/errors.ts";
import type { Owner } from "./backend.ts";
import type { Log, NewRecord, StoredRecord } from "./log.ts";
import { redisKeys } from "./prefixes.ts";

export type RedisProbeOptions = { readonly url: string; readonly owner: Owner; readonly prefix: string };

const topic = "prism-probe";
const timeoutMs = 5_000;
const keptSeconds = 60;

/**
 * What a proxy does with a namespace in Redis so far: Prism's own probe goes in under the
 * reserved key `prism-probe` and comes out again. Values of clients wait for
 * KeyValueService; whatever else is asked is `UNIMPLEMENTED`.
 */
export function redisProbe({ url, owner, prefix }: RedisProbeOptions): Log {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    connectionName: "prism-proxy",
  });
  redis.on("error", () => {});
  const key = `${redisKeys(prefix, owner)}${topic}`;

  const put = async (record: NewRecord) => {
    if (record.headers.get("prism-topic") !== topic) throw unbuilt("does not keep clients' values yet");
    const text = JSON.stringify({
      value: Buffer.from(record.value).toString("base64"),
      headers: [...record.headers],
      timestampMs: record.timestampMs,
    });
    await inWords("write", redis.set(key, text, "EX", keptSeconds));
    return { partition: 0, offset: 0n };
  };

  const get = async (): Promise<StoredRecord | undefined> => {
    const text = await inWords("read", redis.get(key));
    if (text === null) return undefined;
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
  };

  return {
    append: put,
    write: async (records) => {
      for (const record of records) await put(record);
    },
    read: get,
    find: () => Promise.reject(unbuilt("has no log to search")),
    join: () => Promise.reject(unbuilt("has no groups")),
    close: async () => redis.disconnect(),
  };
}

const unbuilt = (what: string): PrismError =>
  new PrismError("UNIMPLEMENTED", `this proxy ${what}: backend redis`);

async function inWords<T>(doing: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    throw new PrismError("BACKEND_UNAVAILABLE", `could not ${doing}: Redis does not answer as it should`, {
      details: { backend: "redis", retry_after_ms: 1_000 },
      cause,
    });
  }
}
