import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackendKind } from "../../domain/plan.ts";
import { kafka } from "../../stack/kafka.ts";
import { freePorts } from "../../stack/ports.ts";
import { ownServer } from "../backends/own-server.ts";
import type { TestPrism } from "../setup/prism.ts";
import { type Network, toxiproxy } from "../setup/toxiproxy.ts";

type Addresses = Readonly<Record<string, string | undefined>>;

/** The variables that name a backend, each a URL. Kafka's is a list of brokers. */
const named = {
  postgres: ["PRISM_DATA_URL", "PRISM_TENANT_URL"],
  nats: ["PRISM_NATS_URL"],
  redis: ["PRISM_REDIS_URL"],
  s3: ["PRISM_S3_ENDPOINT"],
} as const;

/**
 * A network of its own before each of the five backends. `servers` is what Prism is to be given, `far` what
 * its worker is told so that it alone meets the networks.
 */
export async function badNetworks(given: Addresses) {
  const proxies = await toxiproxy();
  const before = Object.fromEntries(
    await Promise.all(
      Object.entries(named).map(async ([backend, [variable]]) => {
        const { hostname, port } = new URL(given[variable] ?? "");
        return [backend, await proxies.network(backend, { host: hostname, port: Number(port) })];
      }),
    ),
  ) as Record<keyof typeof named, Network>;
  const { far = 0 } = await freePorts({ far: undefined });
  const beforeKafka = await proxies.network("kafka", { host: "127.0.0.1", port: far });
  const broker = await kafkaBehind(beforeKafka.port, far);
  const networks: Readonly<Record<BackendKind, Network>> = { ...before, kafka: beforeKafka };

  return {
    networks,
    servers: { ...given, ...kafka.environment(broker.place) },
    far: ({ environment }: TestPrism): Record<string, string> => ({
      PRISM_KAFKA_BROKERS: `127.0.0.1:${beforeKafka.port}`,
      ...Object.fromEntries(
        Object.entries(named).flatMap(([backend, variables]) =>
          variables.map((variable) => {
            const url = new URL(environment[variable] ?? "");
            url.host = `127.0.0.1:${before[backend as keyof typeof named].port}`;
            return [variable, url.href.replace(/\/$/, "")];
          }),
        ),
      ),
    }),
    async close(): Promise<void> {
      await proxies.close();
      await broker.close();
    },
  };
}

/** Brokers send clients to an address that they advertise: this one has a second, which is the network's. */
const kafkaBehind = (advertised: number, port: number) =>
  ownServer(kafka, async ({ folder }, args) => {
    const file = join(folder, "server.properties");
    const text = (await readFile(file, "utf8"))
      .replace(/^listeners=.*$/m, `$&,FAR://127.0.0.1:${port}`)
      .replace(/^advertised\.listeners=.*$/m, `$&,FAR://127.0.0.1:${advertised}`);
    const protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT";
    await writeFile(file, `${text}listener.security.protocol.map=${protocols}\n`);
    return args;
  });
