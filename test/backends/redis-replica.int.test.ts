import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { redis } from "../../backends/redis.ts";
import { redis as server } from "../../stack/redis.ts";
import { brokenNetwork } from "./broken-network.ts";
import { callOf as call } from "./call-of.ts";
import { freshName } from "./contract.ts";
import { ownServer } from "./own-server.ts";
import { common, url, userOf } from "./redis-subject.ts";

/** As behind an address that follows the one server that takes writes. */
it("a Redis that became a replica is left for the one that has its address now", async () => {
  const former = await ownServer(server);
  const admin = new Redis(server.environment(former.place)["PRISM_REDIS_URL"] ?? "");
  const now = new URL(url);
  await admin.call("ACL", "SETUSER", "default", `>${decodeURIComponent(now.password)}`);
  const target = { host: "127.0.0.1", port: Number(former.place.ports["server"]) };
  const network = await brokenNetwork(target);
  const address = new URL(url);
  Object.assign(address, { hostname: "127.0.0.1", port: String(network.port) });
  const backend = redis({ ...common, url: address.href });
  const name = freshName("moved-");
  await backend.health(call(name).signal);

  await admin.replicaof("127.0.0.1", "1");
  target.port = Number(now.port);
  await expect(backend.ensure(userOf(name), call(name))).rejects.toMatchObject({
    code: "BACKEND_UNAVAILABLE",
    message: expect.stringContaining("READONLY"),
  });
  // While the connection is being made anew it answers as a server that is away.
  const again = () =>
    backend.ensure(userOf(name), call(name)).then(
      ({ login }) => login,
      ({ message }: Error) => message,
    );
  await expect.poll(again).toEqual({ user: name });
  expect(await backend.remove(userOf(name), call(name))).toEqual({ removed: true });

  admin.disconnect();
  await backend.close();
  await network.close();
  await former.close();
});
