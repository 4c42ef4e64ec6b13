import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KafkaSasl } from "../../backends/kafka-connection.ts";
import { kafka } from "../../stack/kafka.ts";
import { ownServer } from "./own-server.ts";

/**
 * A Kafka that asks everybody who they are, and lets nobody do what no rule allows.
 * `advertised`: a port that clients are sent to, and that leads here.
 */
export async function kafkaWithLogins(advertised?: number) {
  const { place, close } = await ownServer(kafka, async ({ folder, secret }, args) => {
    const file = join(folder, "server.properties");
    const asIs = await readFile(file, "utf8");
    const sent = asIs.replace(/^(advertised.listeners=PLAINTEXT:\/\/[^:]+):\d+/m, (all, before) =>
      advertised === undefined ? all : `${before}:${advertised}`,
    );
    await writeFile(file, withLogins(sent, secret));
    return args;
  });
  const admin: KafkaSasl = { mechanism: "PLAIN", username: "prism", password: place.secret };
  return { brokers: [`127.0.0.1:${place.ports["broker"]}`], admin, close };
}

const withLogins = (properties: string, secret: string): string =>
  `${properties.replaceAll("PLAINTEXT://", "CLIENTS://").replace(/^super.users=.*$/m, "super.users=User:ANONYMOUS;User:prism")}
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="prism" password="${secret}" user_prism="${secret}";
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
`;
