import { type ClusterMetadata, ConnectionPool } from "@platformatic/kafka";

/** How a client shows Kafka who it is, where brokers ask. */
export type KafkaSasl = {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
  readonly username: string;
  readonly password: string;
};

export type KafkaCluster = {
  /** host:port */
  readonly brokers: readonly string[];
  /** Left out where brokers let everybody in. */
  readonly sasl?: KafkaSasl;
};

/** What every client of the library is opened with. */
export const kafkaConnection = ({ brokers, sasl }: KafkaCluster) => ({
  bootstrapBrokers: [...brokers],
  ...kafkaLogin({ sasl }),
});

/** The same for what finds its brokers by itself. */
export const kafkaLogin = ({ sasl }: { readonly sasl?: KafkaSasl | undefined }) =>
  sasl === undefined ? {} : { sasl: { ...sasl } };

type Timeouts = { readonly connectTimeout: number; readonly requestTimeout: number };

/** Connections for what the library's clients have no call of their own for. */
export function kafkaPool(clientId: string, { sasl }: KafkaCluster, timeouts: Timeouts) {
  const pool = new ConnectionPool(clientId, { ...timeouts, ...kafkaLogin({ sasl }) });
  return {
    any({ brokers }: ClusterMetadata) {
      const [first] = brokers.values();
      if (first === undefined) throw new Error("Kafka names no brokers");
      return pool.get(first);
    },
    close: () => pool.close(),
  };
}
