import { Admin } from "@platformatic/kafka";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { loginKind } from "../domain/reconcile/thing.ts";
import { asking } from "./ask.ts";
import type { Backend } from "./backend.ts";
import { kafkaAccess } from "./kafka-access.ts";
import { clientQuota, listQuotas } from "./kafka-client-quota.ts";
import { type KafkaCluster, kafkaConnection, kafkaPool } from "./kafka-connection.ts";
import { groupMemory } from "./kafka-group-memory.ts";
import type { KafkaAdministration, KafkaResource } from "./kafka-resource.ts";
import { nothingKept } from "./kafka-size.ts";
import { listTopics, topic } from "./kafka-topic.ts";
import type { Logins } from "./logins.ts";
import { bounded } from "./timed.ts";

export type KafkaOptions = KafkaCluster & { readonly logins: Logins; readonly deadlineMs: number };

const connectMs = 3_000;

/** A namespace in Kafka is a topic, a login with rights on it, and a client quota that holds its clients to what was reserved. */
export function kafka(options: KafkaOptions): Backend {
  const { deadlineMs, logins, sasl } = options;
  const clientId = "prism-worker";
  const timeouts = { connectTimeout: Math.min(connectMs, deadlineMs), requestTimeout: deadlineMs };
  const admin = new Admin({
    ...kafkaConnection(options),
    ...timeouts,
    clientId,
    // Temporal repeats, visibly; a client that retries inside an attempt only hides it.
    retries: 0,
    // What a broker is told: it gives up when nobody waits any longer.
    timeout: deadlineMs,
    autocreateTopics: false,
  });
  const pool = kafkaPool(clientId, options, timeouts);
  const ask = asking("Kafka");
  const tools: KafkaAdministration = { admin, pool, ask, loggedIn: sasl !== undefined, logins };
  const access = kafkaAccess(tools);
  const kinds: Readonly<Record<string, KafkaResource>> = {
    topic: topic(tools),
    "client-quota": clientQuota(tools),
  };
  const kindOf = (resource: Resource): KafkaResource => {
    const kind = kinds[resource.kind];
    if (kind === undefined)
      throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in Kafka yet`);
    return kind;
  };

  return bounded("Kafka", deadlineMs, {
    kind: "kafka",
    // The edge is asynchronous also where it refuses: callers catch one way.
    observe: async (resource, call) => kindOf(resource).observe(resource, call),
    ensure: async (resource, call) => kindOf(resource).ensure(resource, call),
    remove: async (resource, call) =>
      resource.kind === loginKind
        ? { removed: await access.removeOurs(resource.name, call.owner, call.timed) }
        : kindOf(resource).remove(resource, call),
    list: async (timed) => [
      ...(await listTopics(tools, timed)),
      ...(await listQuotas(tools, timed)),
      ...(await access.list(timed)),
    ],
    measure: async (resource, call) => (await kindOf(resource).measure?.(resource, call)) ?? nothingKept,
    async health(timed) {
      await ask("answer", timed, () => admin.metadata({ topics: [], forceUpdate: true }));
    },
    async usage(timed) {
      const topics = await ask("list its topics", timed, () => admin.listTopics());
      const { brokers } = await ask("list its brokers", timed, () => admin.metadata({ topics: [] }));
      // Kafka tells clients no version of its own.
      const warning = await groupMemory(admin);
      return {
        version: null,
        used: { topics: topics.length, brokers: brokers.size },
        ...(warning === undefined ? {} : { warning }),
      };
    },
    async close() {
      await Promise.all([admin.close(), pool.close()]);
    },
  });
}
