import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { converse, target } from "./converse.ts";
import { exists } from "./lookup.ts";
import { debianRedis, missingRedis } from "./redis-programs.ts";
import type { Place, Server } from "./server.ts";

/** Redis with a password and its users in a file of their own, so that users made later survive a restart. */
export const redis: Server = {
  name: "redis",
  variables: ["PRISM_REDIS_URL"],
  ports: { server: undefined },
  services: ["redis"],
  stopSignals: ["SIGTERM"],

  find: (lookup) => lookup.which("redis-server"),
  fetch: debianRedis,
  missing: missingRedis,

  async prepare(place) {
    const users = join(place.folder, "users.acl");
    if (!(await exists(users)))
      await writeFile(users, `user default on >${place.secret} ~* &* +@all\n`, { mode: 0o600 });
    const config = join(place.folder, "redis.conf");
    await writeFile(config, configuration(place, users), { mode: 0o600 });
    return { program: place.programs, args: [config] };
  },

  environment: ({ ports, secret }) => ({
    PRISM_REDIS_URL: `redis://default:${secret}@127.0.0.1:${ports["server"]}`,
  }),

  async answers(environment, signal) {
    const address = target(environment["PRISM_REDIS_URL"] ?? "", 6379);
    const answer = String(await converse(address, "PING\r\n", signal));
    // Unauthenticated is an answer too; a server that is still loading says -LOADING.
    if (!/^(\+PONG|-NOAUTH)/.test(answer)) throw new Error(`Redis says ${answer.trim()}`);
  },
};

const configuration = ({ folder, ports }: Place, users: string): string =>
  `
bind 127.0.0.1
port ${ports["server"]}
dir "${folder}"
aclfile "${users}"
appendonly yes
save ""
daemonize no
`.trimStart();
