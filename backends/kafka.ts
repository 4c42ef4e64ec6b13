import { Admin } from "@platformatic/kafka";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { ask } from "./ask.ts";
import type { Backend, Call, Observed } from "./backend.ts";
import { clientQuota } from "./kafka-client-quota.ts";
import { topic } from "./kafka-topic.ts";

/** One kind of thing in Kafka, with the three verbs of the backend contract. */
export type KafkaResource = {
  observe(resource: Resource, call: Call): Promise<Observed>;
  ensure(resource: Resource, call: Call): Promise<{ identity: string }>;
  remove(resource: Resource, call: Call): Promise<{ removed: boolean }>;
};

/** A namespace in Kafka is a topic, and a client quota that holds its clients to what was reserved. */
export function kafka(brokers: readonly string[]): Backend {
  const admin = new Admin({
    clientId: "prism-worker",
    bootstrapBrokers: [...brokers],
    // Temporal repeats, visibly; a client that retries inside an attempt only hides it.
    retries: 0,
    timeout: 8_000,
    connectTimeout: 3_000,
    autocreateTopics: false,
  });
  const kinds: Readonly<Record<string, KafkaResource>> = {
    topic: topic(admin),
    "client-quota": clientQuota(admin),
  };
  const kindOf = (resource: Resource): KafkaResource => {
    const kind = kinds[resource.kind];
    if (kind === undefined)
      throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in Kafka yet`);
    return kind;
  };

  return {
    kind: "kafka",
    // The edge is asynchronous also where it refuses: callers catch one way.
    observe: async (resource, call) => kindOf(resource).observe(resource, call),
    ensure: async (resource, call) => kindOf(resource).ensure(resource, call),
    remove: async (resource, call) => kindOf(resource).remove(resource, call),
    async health() {
      await ask("Kafka", "answer", admin.metadata({ topics: [], forceUpdate: true }));
    },
    close: () => admin.close(),
  };
}
