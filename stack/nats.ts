import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { converse, target } from "./converse.ts";
import { type GoProgram, goProgram, missingGo } from "./go-program.ts";
import type { Server } from "./server.ts";

/** NATS with JetStream on disk. */
export const nats: Server = {
  name: "nats",
  variables: ["PRISM_NATS_URL"],
  ports: { server: undefined },
  services: ["nats"],
  stopSignals: ["SIGTERM"],

  find: (lookup) => lookup.which("nats-server"),
  fetch: (fetching) => goProgram(natsServer, fetching),
  missing: (lookup, cache) => missingGo(natsServer, lookup, cache),

  async prepare({ programs, folder, ports, secret }) {
    const config = join(folder, "nats.conf");
    const text = [
      `listen: "127.0.0.1:${ports["server"]}"`,
      `jetstream { store_dir: ${JSON.stringify(join(folder, "jetstream"))} }`,
      `authorization { user: prism, password: ${JSON.stringify(secret)} }`,
      "max_payload: 8MB",
    ];
    await writeFile(config, `${text.join("\n")}\n`, { mode: 0o600 });
    return { program: programs, args: ["-c", config] };
  },

  environment: ({ ports, secret }) => ({
    PRISM_NATS_URL: `nats://prism:${secret}@127.0.0.1:${ports["server"]}`,
  }),

  async answers(environment, signal) {
    const [first = ""] = (environment["PRISM_NATS_URL"] ?? "").split(",");
    const greeting = String(await converse(target(first, 4222), "", signal));
    if (!greeting.startsWith("INFO ")) throw new Error("what answers is no NATS server");
  },
};

const natsServer: GoProgram = {
  name: "nats-server",
  path: "github.com/nats-io/nats-server/v2",
  version: "v2.15.2",
};
