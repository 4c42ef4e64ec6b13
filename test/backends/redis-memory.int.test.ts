import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { redis } from "../../backends/redis.ts";
import { redis as server } from "../../stack/redis.ts";
import { callOf as call } from "./call-of.ts";
import { type OwnServer, ownServer } from "./own-server.ts";
import { common, userOf } from "./redis-subject.ts";

const of = (name: string, data_size: string) => ({
  ...userOf(name),
  config: { prefix: `${name}:`, data_size },
});
const refused = (message: RegExp, field?: string) => ({
  code: "INVALID_CONFIGURATION",
  message: expect.stringMatching(message),
  ...(field !== undefined && { details: { field } }),
});

/** A server of its own: its memory is everybody's. */
describe("a Redis whose memory is limited", () => {
  let own: OwnServer;
  let admin: Redis;
  let backend: Backend;
  beforeAll(async () => {
    own = await ownServer(server);
    const { PRISM_REDIS_URL: url = "" } = server.environment(own.place);
    admin = new Redis(url);
    backend = redis({ ...common, url });
  }, 60_000);
  afterAll(async () => {
    admin?.disconnect();
    await backend?.close();
    await own?.close();
  });
  const given = async (maxmemory: string, policy = "noeviction") => {
    await admin.config("SET", "maxmemory", maxmemory);
    await admin.config("SET", "maxmemory-policy", policy);
  };

  it.each(["allkeys-lru", "allkeys-lfu", "allkeys-random"])(
    "is refused where it drops any key: %s",
    async (how) => {
      await given("0", how);
      await expect(backend.ensure(of("dropped", "1MB"), call("dropped"))).rejects.toMatchObject(
        refused(new RegExp(how)),
      );
      expect(await backend.observe(of("dropped", "1MB"), call("dropped"))).toEqual({ state: "absent" });
    },
  );

  it.each(["noeviction", "volatile-ttl"])(
    "is taken where it drops none that has to stay: %s",
    async (how) => {
      await given("100mb", how);
      await backend.ensure(of("kept", "100MB"), call("kept"));
      expect(await backend.remove(of("kept", "100MB"), call("kept"))).toEqual({ removed: true });
    },
  );

  it("is refused for a namespace that reserves more than it has", async () => {
    await given("100mb");
    const large = of("large", "200MB");
    const reasons = refused(/at most 100MiB.*200MB/, "needs.data_size");
    await expect(backend.ensure(large, call("large"))).rejects.toMatchObject(reasons);
    expect(await backend.observe(large, call("large"))).toEqual({ state: "absent" });
    await given("0");
    await backend.ensure(large, call("large"));
    expect(await backend.remove(large, call("large"))).toEqual({ removed: true });
  });
});
