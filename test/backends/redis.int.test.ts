import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { redis } from "../../backends/redis.ts";
import { redis as server } from "../../stack/redis.ts";
import { callOf as call } from "./call-of.ts";
import { backendContract, freshName } from "./contract.ts";
import { ownServer } from "./own-server.ts";
import { common, url, userOf } from "./redis-subject.ts";
import { removedDespite } from "./removed-despite.ts";
import { waitsDuring } from "./waits.ts";

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
    write: async ({ name }, content) => void (await own.set(`${name}:2:a`, content)),
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

describe("a namespace whose keys would begin as another's", () => {
  it("is refused, and takes nothing of the other's with it", async () => {
    const [orders, mine] = [freshName("orders-"), freshName("mine-")];
    const [admin, backend] = [new Redis(url), redis({ ...common, url })];
    await backend.ensure(userOf(orders), call(orders));
    await admin.set(`${orders}:1:a`, "theirs");
    const greedy = { ...userOf(mine), config: { prefix: `${orders}:` } };
    await expect(backend.ensure(greedy, call(mine))).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
      details: { field: "backend.config.prefix" },
    });
    expect(await backend.remove(greedy, call(mine))).toEqual({ removed: true });
    expect(await admin.get(`${orders}:1:a`)).toBe("theirs");
    await backend.remove(userOf(orders), call(orders));
    admin.disconnect();
    await backend.close();
  });
});

describe("a user whose owner's key Redis has lost", () => {
  let admin: Redis;
  let backend: Backend;
  beforeAll(() => {
    admin = new Redis(url);
    backend = redis({ ...common, url });
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
    const listed = (await backend.list(call(name).signal)).filter((thing) => thing.name === name);
    expect(listed).toMatchObject([{ kind: "acl-user", owner: { namespace: name, incarnation: 1 } }]);
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
    const makes = async () => {
      await expect.poll(() => admin.exists(`prism:owner:${name}`)).toBe(0);
      await admin.call("ACL", "SETUSER", name, ...words);
    };
    expect(await removedDespite(makes, backend, userOf(name), call(name))).toEqual({ removed: true });
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
    "is measured by a part of them, removed without making others wait, and goes on where it was cut off",
    async () => {
      const backend = redis({ ...common, url });
      await backend.ensure(resource, call(name));
      const each = Number(await admin.memory("USAGE", `${name}:1:5:10000`));
      const size = await backend.measure?.(resource, call(name));
      expect(size?.estimated).toBe(true);
      expect(Math.abs((size?.bytes ?? 0) / (200_000 * each) - 1)).toBeLessThan(0.2);
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
