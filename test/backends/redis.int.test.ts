import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { logins } from "../../backends/logins.ts";
import { redis } from "../../backends/redis.ts";
import { removeForGood } from "../../backends/remove-for-good.ts";
import type { Resource } from "../../domain/plan.ts";
import { redis as server } from "../../stack/redis.ts";
import { backendContract, freshName } from "./contract.ts";
import { ownServer } from "./own-server.ts";
import { waitsDuring } from "./waits.ts";

const url = process.env["PRISM_REDIS_URL"] ?? "";
const common = { logins: logins("a secret of this test"), deadlineMs: 8_000 };
const userOf = (name: string): Resource => ({
  backend: "redis",
  kind: "acl-user",
  name,
  config: { prefix: `${name}:` },
});
const call = (namespace: string, incarnation = 1) => ({
  owner: { namespace, incarnation },
  claim: { intended: true },
  signal: new AbortController().signal,
});

backendContract("a Redis user", async () => {
  const own = new Redis(url);
  const backend = redis({ ...common, url });
  return {
    backend,
    resource: () => userOf(freshName("orders-")),
    meddle: async ({ name }) => {
      await own.call("ACL", "SETUSER", name, "off", ">by hand", "~*", "&*", "+@all", "(+get ~x*)");
      return ["enabled", "password", "keys", "channels", "commands", "selectors"];
    },
    plant: async ({ name }) => void (await own.call("ACL", "SETUSER", name, "on", ">theirs")),
    exists: async ({ name }) => (await own.call("ACL", "GETUSER", name)) !== null,
    uproot: async ({ name }) => void (await own.call("ACL", "DELUSER", name)),
    open: (deadlineMs, port) => {
      const address = new URL(url);
      if (port !== undefined) address.port = String(port);
      return redis({ ...common, url: address.href, deadlineMs });
    },
    close: async () => {
      own.disconnect();
      await backend.close();
    },
  };
});

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

describe("a user whose owner's key Redis has lost", () => {
  let admin: Redis;
  let backend: Backend;
  beforeAll(() => {
    admin = new Redis(url);
    backend = redis({ ...common, url, deadlineMs: 3_000 });
  });
  afterAll(async () => {
    admin.disconnect();
    await backend.close();
  });
  const exists = async (name: string) => (await admin.call("ACL", "GETUSER", name)) !== null;

  /** A namespace with a key of its own, and Redis without what says whose it is. */
  const lost = async () => {
    const name = freshName("lost-");
    await backend.ensure(userOf(name), call(name));
    await admin.set(`${name}:1:a`, "mine");
    await admin.del(`prism:owner:${name}`);
    return name;
  };

  it("is still its namespace's: mended, and removed with all its keys", async () => {
    const name = await lost();
    expect(await backend.observe(userOf(name), call(name))).toMatchObject({
      state: "drifted",
      drift: [{ field: "rules", actual: "not known: the owner's key is lost" }],
    });
    const { identity } = await backend.ensure(userOf(name), call(name));
    expect(await backend.observe(userOf(name), call(name))).toEqual({ state: "ready", identity });
    expect(await admin.get(`${name}:1:a`)).toBe("mine");
    await admin.del(`prism:owner:${name}`);
    expect(await backend.remove(userOf(name), call(name))).toEqual({ removed: true });
    expect([await exists(name), await admin.exists(`${name}:1:a`)]).toEqual([false, 0]);
    expect(await backend.observe(userOf(name), call(name))).toEqual({ state: "absent" });
  });

  it("is dead for the next life of the name, which begins without it", async () => {
    const name = await lost();
    expect(await backend.observe(userOf(name), call(name, 3))).toMatchObject({ state: "dead" });
    const { identity } = await backend.ensure(userOf(name), call(name, 3));
    expect(await backend.observe(userOf(name), call(name, 3))).toEqual({ state: "ready", identity });
    expect(await admin.exists(`${name}:1:a`)).toBe(0);
    await backend.remove(userOf(name), call(name, 3));
  });

  it("is foreign for an earlier life and for everybody else", async () => {
    const name = freshName("lost-");
    await backend.ensure(userOf(name), call(name, 2));
    await admin.del(`prism:owner:${name}`);
    for (const other of [call(name, 1), call(`${name}-b`, 2)]) {
      expect(await backend.observe(userOf(name), other)).toMatchObject({ state: "foreign" });
      expect(await backend.remove(userOf(name), other)).toEqual({ removed: false });
    }
    expect(await backend.remove(userOf(name), call(name, 2))).toEqual({ removed: true });
  });

  it("is gone for good also where Redis hears of it only after all was removed", async () => {
    const name = freshName("late-");
    await backend.ensure(userOf(name), call(name));
    const users = (await admin.call("ACL", "LIST")) as readonly string[];
    const words =
      users
        .find((user) => user.startsWith(`user ${name} `))
        ?.split(" ")
        .slice(2) ?? [];
    const removal = removeForGood(backend, userOf(name), call(name), Date.now());
    await expect.poll(() => admin.exists(`prism:owner:${name}`)).toBe(0);
    await admin.call("ACL", "SETUSER", name, ...words);
    expect(await removal).toEqual({ removed: true });
    expect(await exists(name)).toBe(false);
  });
});

describe("a Redis that is killed and started again", () => {
  it("still has the users of namespaces, and what their keys held", async () => {
    const own = await ownServer(server);
    const { PRISM_REDIS_URL: at = "" } = server.environment(own.place);
    const backend = redis({ ...common, url: at });
    const name = "kept";
    await backend.ensure(userOf(name), call(name));
    const as = async (body: (client: Redis) => Promise<unknown>) => {
      const { user: username, password } = common.logins("redis", { namespace: name, incarnation: 1 });
      const { port, hostname } = new URL(at);
      const client = new Redis(Number(port), hostname, { username, password, enableReadyCheck: false });
      client.on("error", () => {});
      try {
        return await body(client);
      } finally {
        client.disconnect();
      }
    };
    await as((client) => client.set(`${name}:1:a`, "mine"));
    await own.restart();
    expect(await as((client) => client.get(`${name}:1:a`))).toBe("mine");
    await expect(as((client) => client.get("theirs:1:a"))).rejects.toThrow(/^NOPERM/);
    expect(await backend.observe(userOf(name), call(name))).toMatchObject({ state: "ready" });
    await backend.close();
    await own.close();
  }, 60_000);
});

describe("a namespace of 200,000 keys", () => {
  const patienceMs = 120_000;
  const name = freshName("large-");
  const resource = userOf(name);
  let admin: Redis;
  beforeAll(async () => {
    admin = new Redis(url);
    const fill = `for i = 1, 20000 do redis.call('set', KEYS[1] .. ARGV[1] .. ':' .. i, 'value') end`;
    for (let part = 0; part < 10; part++) await admin.eval(fill, 1, `${name}:1:`, part);
  }, patienceMs);
  afterAll(() => admin.disconnect());

  it(
    "is removed without making others wait, and goes on where it was cut off",
    async () => {
      const backend = redis({ ...common, url });
      await backend.ensure(resource, call(name));
      const left = async () => (await admin.dbsize()) - others;
      const others = (await admin.dbsize()) - 200_000;
      const killed = new AbortController();
      const first = backend.remove(resource, { ...call(name), signal: killed.signal });
      await expect.poll(left, { interval: 5, timeout: patienceMs }).toBeLessThan(195_000);
      killed.abort(new Error("killed"));
      await expect(first).rejects.toThrow("killed");
      expect(await left()).toBeGreaterThan(1_000);
      expect(await backend.observe(resource, call(name))).toMatchObject({ state: "drifted" });

      const ping = () => admin.ping();
      const calm = await waitsDuring(pause(1_000), ping);
      const removal = backend.remove(resource, call(name));
      const during = await waitsDuring(removal, ping);
      expect(await removal).toEqual({ removed: true });
      expect(await left()).toBeLessThan(1_000);
      // Where others are busy, everybody waits without it, too.
      expect(during).toBeLessThan(100 + 5 * calm);
      expect(await backend.observe(resource, call(name))).toEqual({ state: "absent" });
      await backend.close();
    },
    patienceMs,
  );
});
