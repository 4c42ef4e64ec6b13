import { setTimeout as delay } from "node:timers/promises";
import {
  type Admin,
  type ClusterTopicMetadata,
  ConfigResourceTypes,
  type GenericError,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
} from "@platformatic/kafka";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { ask } from "./ask.ts";
import type { Call, Drift, Observed } from "./backend.ts";
import type { KafkaResource } from "./kafka.ts";

type TopicConfig = {
  readonly partitions: number;
  readonly replication: number;
  /** Kafka's own topic settings, e.g. `retention.ms`. */
  readonly settings: Readonly<Record<string, string>>;
};

const unknownTopic = 3;
const topicExists = 36;
const propagationMs = 300;
// A topic that was made a moment ago, by an attempt that races us.
const notLedYet = [3, 5, 6];

/**
 * A topic. Kafka has no place for an owner tag: ours is the topic id that was recorded,
 * or, where a crash came before the record, an empty topic as planned under a name that
 * our intent saw free.
 */
export function topic(admin: Admin): KafkaResource {
  const observe = async (resource: Resource, call: Call): Promise<Observed> => {
    const found = await describe(admin, resource.name);
    if (found === undefined) return { state: "absent" };
    const foreign = await whyForeign(admin, resource, found, call);
    if (foreign !== undefined) return { state: "foreign", identity: found.id, because: foreign };
    const drift = await driftOf(admin, resource, found);
    return drift.length === 0
      ? { state: "ready", identity: found.id }
      : { state: "drifted", identity: found.id, drift };
  };

  return {
    observe,

    async ensure(resource, call) {
      const seen = await observe(resource, call);
      if (seen.state === "foreign") throw foreignTopic(resource, seen.because);
      if (seen.state === "absent") await createTopic(admin, resource);
      if (seen.state === "drifted") await mend(admin, resource, seen.drift);
      return { identity: await untilLed(admin, resource, call.signal) };
    },

    async remove(resource, call) {
      let seen = await observe(resource, call);
      if (seen.state === "absent" && mayBeOurs(call)) {
        // A topic that was just made is not known to every broker yet.
        await delay(propagationMs, undefined, { signal: call.signal });
        seen = await observe(resource, call);
      }
      if (seen.state === "absent") return { removed: true };
      if (seen.state === "foreign") return { removed: false };
      await ask(
        "Kafka",
        `delete topic ${resource.name}`,
        admin.deleteTopics({ topics: [resource.name] }).catch(unless(unknownTopic)),
      );
      while ((await describe(admin, resource.name)) !== undefined)
        await delay(50, undefined, { signal: call.signal });
      return { removed: true };
    },
  };
}

const mayBeOurs = ({ claim }: Call): boolean => claim.intended || claim.identity !== undefined;

const configOf = (resource: Resource): TopicConfig => resource.config as unknown as TopicConfig;

async function describe(admin: Admin, name: string): Promise<ClusterTopicMetadata | undefined> {
  const answer = admin.metadata({ topics: [name], forceUpdate: true }).catch((error: unknown) => {
    // The client answers a missing topic in words of its own, without Kafka's number.
    if (error instanceof Error && error.message.startsWith("Unknown topic")) return undefined;
    throw error;
  });
  return (await ask("Kafka", `describe topic ${name}`, answer))?.topics.get(name);
}

/** Swallows some of Kafka's answers by their numbers: what they say is no failure here. */
const unless =
  (...apiIds: readonly number[]) =>
  (error: unknown): undefined => {
    const { findBy } = error as Partial<GenericError>;
    if (findBy === undefined || !apiIds.some((id) => findBy.call(error, "apiCode", id) !== null)) throw error;
  };

async function whyForeign(
  admin: Admin,
  resource: Resource,
  found: ClusterTopicMetadata,
  { claim, signal }: Call,
): Promise<string | undefined> {
  if (claim.identity !== undefined) {
    return claim.identity === found.id
      ? undefined
      : `its topic id is ${found.id}, ours was ${claim.identity}`;
  }
  if (!claim.intended) return "it was there before";
  if (found.partitionsCount !== configOf(resource).partitions) return "it is not the topic we intended";
  return (await isEmpty(admin, resource.name, found, signal))
    ? undefined
    : "it holds records and we recorded none";
}

async function isEmpty(
  admin: Admin,
  name: string,
  found: ClusterTopicMetadata,
  signal: AbortSignal,
): Promise<boolean> {
  const partitions = found.partitions.map((_, partitionIndex) => ({
    partitionIndex,
    timestamp: ListOffsetTimestamps.LATEST,
  }));
  for (;;) {
    const listing = admin.listOffsets({ topics: [{ name, partitions }] }).catch(unless(...notLedYet));
    const offsets = await ask("Kafka", `list offsets of ${name}`, listing);
    if (offsets !== undefined)
      return offsets.every((topic) => topic.partitions.every(({ offset }) => offset === 0n));
    await delay(50, undefined, { signal });
  }
}

async function driftOf(admin: Admin, resource: Resource, found: ClusterTopicMetadata): Promise<Drift[]> {
  const { partitions, settings } = configOf(resource);
  const drift: Drift[] = [];
  if (found.partitionsCount !== partitions) {
    drift.push({ field: "partitions", planned: String(partitions), actual: String(found.partitionsCount) });
  }
  const described = await ask(
    "Kafka",
    `describe the settings of ${resource.name}`,
    admin.describeConfigs({
      resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: resource.name }],
    }),
  );
  const actual = new Map(
    described.flatMap(({ configs }) => configs.map(({ name, value }) => [name, value ?? ""])),
  );
  for (const [field, planned] of Object.entries(settings)) {
    if (actual.get(field) !== planned) drift.push({ field, planned, actual: actual.get(field) ?? "unset" });
  }
  return drift;
}

async function createTopic(admin: Admin, resource: Resource): Promise<void> {
  const { partitions, replication, settings } = configOf(resource);
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
  // Losing the race against our own zombie attempt is success: `untilLed` looks at what is there.
  await ask(
    "Kafka",
    `create topic ${resource.name}`,
    admin
      .createTopics({ topics: [resource.name], partitions, replicas: replication, configs })
      .catch(unless(topicExists)),
  );
}

async function mend(admin: Admin, resource: Resource, drift: readonly Drift[]): Promise<void> {
  const { partitions } = configOf(resource);
  const count = drift.find(({ field }) => field === "partitions");
  if (count !== undefined && Number(count.actual) > partitions) {
    throw new PrismError(
      "MIGRATION_REQUIRED",
      `topic ${resource.name} has ${count.actual} partitions: they never shrink`,
    );
  }
  if (count !== undefined) {
    const grown = [{ name: resource.name, count: partitions }];
    await ask("Kafka", `add partitions to ${resource.name}`, admin.createPartitions({ topics: grown }));
  }
  const configs = drift
    .filter(({ field }) => field !== "partitions")
    .map(({ field, planned }) => ({
      name: field,
      value: planned,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
    }));
  if (configs.length === 0) return;
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: resource.name, configs }];
  await ask("Kafka", `set the settings of ${resource.name}`, admin.incrementalAlterConfigs({ resources }));
}

/** Created is not usable: a partition takes records once it has a leader. */
async function untilLed(admin: Admin, resource: Resource, signal: AbortSignal): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    const found = await describe(admin, resource.name);
    const led = found?.partitions.filter(({ leader }) => leader >= 0).length ?? 0;
    if (found !== undefined && led === configOf(resource).partitions) return found.id;
    await delay(50, undefined, { signal });
  }
}

const foreignTopic = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `topic '${resource.name}' in Kafka is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
