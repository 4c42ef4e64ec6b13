import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { redis } from "../../backends/redis.ts";
import { callOf as call } from "./call-of.ts";
import { freshName } from "./contract.ts";
import { common, url, userOf } from "./redis-subject.ts";

describe("a namespace with ioredis and its own login", () => {
  const ours = freshName("ours-");
  const theirs = freshName("theirs-");
  let backend: Backend;
  let admin: Redis;
  const open: Redis[] = [];

  const as = (namespace: string, incarnation = 1): Redis => {
    const { user, password } = common.logins("redis", { namespace, incarnation });
    const address = new URL(url);
    const client = new Redis(Number(address.port), address.hostname, {
      username: user,
      password,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      enableReadyCheck: false,
    });
    client.on("error", () => {});
    open.push(client);
    return client;
  };

  beforeAll(async () => {
    admin = new Redis(url);
    backend = redis({ ...common, url });
    for (const namespace of [ours, theirs]) await backend.ensure(userOf(namespace), call(namespace));
    await admin.set(`${theirs}:1:secret`, "theirs");
  });
  afterAll(async () => {
    for (const namespace of [ours, theirs]) await backend.remove(userOf(namespace), call(namespace));
    for (const client of [...open, admin]) client.disconnect();
    await backend.close();
  });

  it("reads and writes what is its own", async () => {
    const client = as(ours);
    await client.set(`${ours}:1:a`, "mine", "EX", 60);
    expect(await client.get(`${ours}:1:a`)).toBe("mine");
    expect(await client.multi().incr(`${ours}:1:n`).expire(`${ours}:1:n`, 60).exec()).toHaveLength(2);
  });

  const secret = `${theirs}:1:secret`;
  it.each([
    ["read", "GET", secret],
    ["read of the next life", "GET", `${ours}:12:a`],
    ["written", "SET", secret, "x"],
    ["deleted", "DEL", secret],
    ["copied", "COPY", secret, `${ours}:1:copy`],
    ["renamed", "RENAME", secret, `${ours}:1:renamed`],
    ["read in a script", "EVAL", "return redis.call('get', KEYS[1])", "1", secret],
    ["read by sorting", "SORT", `${ours}:1:list`, "BY", `${theirs}:1:*`],
    ["known to be there", "EXISTS", secret],
    ["measured", "MEMORY", "USAGE", secret],
    ["listed", "KEYS", "*"],
    ["listed in pages", "SCAN", "0"],
    ["found by chance", "RANDOMKEY"],
    ["counted", "DBSIZE"],
    ["counted otherwise", "INFO", "keyspace"],
    ["counted in pages", "SCAN", "0", "MATCH", `${theirs}:*`, "COUNT", "1000"],
    ["heard of", "SUBSCRIBE", "__keyspace@0__:*"],
    ["heard of by pattern", "PSUBSCRIBE", "*"],
    ["told", "PUBLISH", `${theirs}:1:channel`, "x"],
    ["known by its channels", "PUBSUB", "CHANNELS", "*"],
    ["known by its connections", "CLIENT", "LIST"],
    ["known by its login", "ACL", "GETUSER", theirs],
    ["known by its slow calls", "SLOWLOG", "GET"],
    ["written out", "DUMP", secret],
    ["watched", "MONITOR"],
    ["claimed", "GET", `prism:owner:${theirs}`],
    ["opened to it", "ACL", "SETUSER", ours, "~*"],
    ["emptied", "FLUSHALL"],
    ["moved", "MIGRATE", "127.0.0.1", "1", secret, "0", "1"],
  ])("what is another's cannot be %s", (_, command, ...words) =>
    expect(as(ours).call(command, ...words)).rejects.toThrow(/^NOPERM/),
  );

  it.each([
    ["SELECT", "1"],
    ["MOVE", `${ours}:1:a`, "1"],
    ["COPY", `${ours}:1:a`, `${ours}:1:b`, "DB", "1"],
  ])("keeps nothing where no removal looks: %s", (command, ...words) =>
    expect(as(ours).call(command, ...words)).rejects.toThrow(/^NOPERM/),
  );

  it("has another login when its name is used again, and the old one opens nothing", async () => {
    const again = freshName("again-");
    await backend.ensure(userOf(again), call(again, 1));
    const client = as(again, 1);
    await client.set(`${again}:1:a`, "of the first life");
    await backend.remove(userOf(again), call(again, 1));
    await expect.poll(() => client.status).toBe("end");
    expect(await admin.exists(`${again}:1:a`)).toBe(0);
    await backend.ensure(userOf(again), call(again, 2));
    await expect(as(again, 1).get(`${again}:1:a`)).rejects.toThrow();
    const next = as(again, 2);
    expect(await next.get(`${again}:2:a`)).toBeNull();
    await expect(next.get(`${again}:1:a`)).rejects.toThrow(/^NOPERM/);
    await backend.remove(userOf(again), call(again, 2));
  });

  it.each([
    ["64 characters", freshName("x").padEnd(64, "y")],
    ["a hyphen", `${freshName("a")}-b`],
    ["no hyphen", `${freshName("a")}b`],
    ["the name of Redis's own user, with a number", `default-${freshName("")}`],
  ])("may be called by %s", async (_, name) => {
    const { identity } = await backend.ensure(userOf(name), call(name));
    expect(await backend.observe(userOf(name), call(name))).toEqual({ state: "ready", identity });
    await as(name).set(`${name}:1:a`, "mine");
    await backend.remove(userOf(name), call(name));
    expect(await admin.exists(`${name}:1:a`)).toBe(0);
  });

  it("called default does not get Redis's own user", async () => {
    await expect(backend.ensure(userOf("default"), call("default"))).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
    });
    expect(await backend.remove(userOf("default"), call("default"))).toEqual({ removed: false });
    expect(await admin.ping()).toBe("PONG");
  });
});
