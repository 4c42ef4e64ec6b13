import { Redis } from "ioredis";
import type { Owner } from "./backend.ts";
import type { Log } from "./log.ts";
import { redisKeys } from "./prefixes.ts";
import { probeLog, probeTopic } from "./probe-log.ts";

export type RedisProbeOptions = { readonly url: string; readonly owner: Owner; readonly prefix: string };

const timeoutMs = 5_000;
const keptSeconds = 60;

/** A namespace in Redis, until KeyValueService serves its values: the probe has a key of its own. */
export function redisProbe({ url, owner, prefix }: RedisProbeOptions): Log {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A connection that was forgotten on the way tells nobody.
    socketTimeout: timeoutMs / 2,
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
    connectionName: "prism-proxy",
  });
  redis.on("error", () => {});
  const key = `${redisKeys(prefix, owner)}${probeTopic}`;
  return probeLog({
    name: "Redis",
    backend: "redis",
    put: (text) => redis.set(key, text, "EX", keptSeconds),
    get: () => redis.get(key),
    close: async () => redis.disconnect(),
  });
}
