import type { JsonObject } from "../json.ts";
import type { PlannedPattern, Resource } from "../plan.ts";
import { milliseconds } from "../request/duration.ts";
import type { NamespaceRequest } from "../request/request.ts";
import { bytes } from "../request/size.ts";
import { largestInline } from "./largest-inline.ts";
import { kafkaClient } from "./names.ts";

/** What one publish of the proxy may hold: a batch of the log, 4 MiB, and its headers, 1 MiB. */
const batchBytes = 5 * 2 ** 20;

export type Topic = { readonly name: string; readonly partitions: number; readonly replication: number };

/** The topic that carries a namespace's messages, and the rates its clients are held to. */
export function messageTopic(
  request: NamespaceRequest,
  patterns: readonly PlannedPattern[],
  topic: Topic,
): readonly Resource[] {
  const { namespace, needs } = request;
  const inlineBytes = bytes(largestInline(request, patterns));
  return [
    {
      backend: "kafka",
      kind: "topic",
      name: topic.name,
      config: {
        partitions: topic.partitions,
        replication: topic.replication,
        settings: {
          "cleanup.policy": "delete",
          "retention.ms": retentionMs(needs.retention ?? "7days", patterns),
          // data_size is a reservation: a limit here would silently drop the oldest messages.
          "retention.bytes": "-1",
          "max.message.bytes": `${Math.max(batchBytes, inlineBytes + 2 ** 20)}`,
          "min.insync.replicas": insync(topic, needs.durability === "strong"),
        },
      },
    },
    {
      backend: "kafka",
      kind: "client-quota",
      name: kafkaClient(namespace),
      // Kafka takes no quota of 0, and Prism's own probe needs a message a second.
      config: {
        producer_byte_rate: Math.max(1, needs.write_rps) * inlineBytes,
        consumer_byte_rate: Math.max(1, needs.read_rps) * inlineBytes,
      },
    },
  ];
}

/** The topic that database changes are streamed to. */
export function changesTopic(topic: Topic, strong: boolean): Resource {
  const settings: JsonObject = {
    "cleanup.policy": "delete",
    "retention.ms": `${milliseconds("7days")}`,
    "retention.bytes": "-1",
    "max.message.bytes": `${batchBytes}`,
    "min.insync.replicas": insync(topic, strong),
  };
  const { name, partitions, replication } = topic;
  return { backend: "kafka", kind: "topic", name, config: { partitions, replication, settings } };
}

const insync = ({ replication }: Topic, strong: boolean): string =>
  `${strong ? Math.min(2, replication) : 1}`;

/** The hot tier keeps its days, the colder ones the rest. */
function retentionMs(retention: string, patterns: readonly PlannedPattern[]): string {
  const tiered = patterns.find(({ type }) => type === "tiered-storage");
  const kept =
    tiered === undefined ? milliseconds(retention) : milliseconds(`${tiered.config.hot_tier_days}days`);
  return Number.isFinite(kept) ? `${kept}` : "-1";
}
