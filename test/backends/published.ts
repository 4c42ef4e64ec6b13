import { Producer } from "@platformatic/kafka";
import { type KafkaCluster, kafkaConnection } from "../../backends/kafka-connection.ts";

/** One message by Kafka's own client, acknowledged. */
export async function published(cluster: KafkaCluster, topic: string, value: Buffer): Promise<void> {
  const producer = new Producer({ clientId: "test", ...kafkaConnection(cluster) });
  try {
    await producer.send({ messages: [{ topic, value, partition: 0 }] });
  } finally {
    await producer.close();
  }
}
