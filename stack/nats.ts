import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { converse, target } from "./converse.ts";
import { type GoProgram, goProgram, missingGo } from "./go-program.ts";
import { natsTrust } from "./nats-trust.ts";
import type { Server } from "./server.ts";

/** NATS with JetStream on disk, in operator mode: accounts can be added while it runs. */
export const nats: Server = {
  name: "nats",
  variables: ["PRISM_NATS_URL"],
  companions: ["PRISM_NATS_OPERATOR", "PRISM_NATS_SYSTEM"],
  ports: { server: undefined },
  services: ["nats"],
  stopSignals: ["SIGTERM"],

  find: (lookup) => lookup.which("nats-server"),
  fetch: (fetching) => goProgram(natsServer, fetching),
  missing: (lookup, cache) => missingGo(natsServer, lookup, cache),

  async prepare({ programs, folder, ports, secret }) {
    const config = join(folder, "nats.conf");
    const { operator, systemId, system, prismId, prism } = natsTrust(secret).server;
    const text = [
      `listen: "127.0.0.1:${ports["server"]}"`,
      `jetstream { store_dir: ${JSON.stringify(join(folder, "jetstream"))} }`,
      `operator: ${operator}`,
      `system_account: ${systemId}`,
      `resolver { type: full, dir: ${JSON.stringify(join(folder, "accounts"))}, allow_delete: true }`,
      `resolver_preload { ${systemId}: ${system}, ${prismId}: ${prism} }`,
      "max_payload: 8MB",
    ];
    await writeFile(config, `${text.join("\n")}\n`, { mode: 0o600 });
    return { program: programs, args: ["-c", config] };
  },

  environment({ ports, secret }) {
    const { prism, operator, system } = natsTrust(secret);
    return {
      PRISM_NATS_URL: `nats://${prism}@127.0.0.1:${ports["server"]}`,
      PRISM_NATS_OPERATOR: operator,
      PRISM_NATS_SYSTEM: system,
    };
  },

  compose({ secret }) {
    const { operator, systemId, system, prismId, prism } = natsTrust(secret).server;
    return {
      PRISM_STACK_NATS_CONFIG: "operator",
      PRISM_STACK_NATS_OPERATOR: operator,
      PRISM_STACK_NATS_SYSTEM_ID: systemId,
      PRISM_STACK_NATS_SYSTEM: system,
      PRISM_STACK_NATS_PRISM_ID: prismId,
      PRISM_STACK_NATS_PRISM: prism,
    };
  },

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
