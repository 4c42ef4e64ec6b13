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
import type { Thing } from "../domain/reconcile/thing.ts";
import type { Ask } from "./ask.ts";
import type { Claim, Drift, Observed } from "./backend.ts";
import { type KafkaAccess, kafkaAccess } from "./kafka-access.ts";
import type { KafkaAdministration, KafkaResource } from "./kafka-resource.ts";
import { nothingKept, sizeOnDisk } from "./kafka-size.ts";
import { onlyWaiting, type Timed, type TimedCall } from "./timed.ts";

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
 * our intent saw free. Dead is one whose id was recorded in a finished life.
 */
export function topic(tools: KafkaAdministration): KafkaResource {
  const { admin, ask } = tools;
  const access = kafkaAccess(tools);
  const broker = { admin, ask, access };

  const observe = async (resource: Resource, call: TimedCall): Promise<Observed> => {
    const found = await describe(broker, resource.name, call.timed);
    if (found === undefined) return { state: "absent" };
    const { id: identity } = found;
    if (isDead(found, call.claim)) {
      return { state: "dead", identity, because: "a finished life of the namespace recorded its id" };
    }
    const because = await whyForeign(broker, resource, found, call);
    if (because !== undefined) return { state: "foreign", identity, because };
    const drift = [
      ...(await driftOf(broker, resource, found, call.timed)),
      ...(await access.drift(call.owner, resource.name, call.timed)),
    ];
    return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
  };

  return {
    observe,

    async ensure(resource, call) {
      let seen = await observe(resource, call);
      if (seen.state === "dead") {
        await deleteTopic(broker, resource.name, seen.identity, call.timed);
        seen = { state: "absent" };
      }
      if (seen.state === "foreign") throw foreignTopic(resource, seen.because);
      if (seen.state === "absent") await createTopic(broker, resource, call.timed);
      if (seen.state === "drifted") await mend(broker, resource, seen.drift, call.timed);
      const identity = await untilLed(broker, resource, call.timed);
      return { identity, login: await access.ensure(call.owner, resource.name, call.timed) };
    },

    async remove(resource, call) {
      const { timed } = call;
      let seen = await observe(resource, call);
      if (seen.state === "absent" && mayBeOurs(call.claim)) {
        // A topic that was just made is not known to every broker yet.
        await delay(propagationMs, undefined, { signal: timed.signal });
        seen = await observe(resource, call);
      }
      if (seen.state === "foreign") return { removed: false };
      // The login goes first, so that nobody writes into what is about to go.
      await access.remove(call.owner, resource.name, timed);
      if (seen.state !== "absent") await deleteTopic(broker, resource.name, seen.identity, timed);
      return { removed: true };
    },

    async measure({ name }, { timed }) {
      const found = await describe(broker, name, timed);
      return found === undefined ? nothingKept : sizeOnDisk(tools, { name, ...found }, timed);
    },
  };
}

/** Without those that brokers keep for themselves. */
export async function listTopics(tools: KafkaAdministration, timed: Timed): Promise<readonly Thing[]> {
  const { admin, ask } = tools;
  const broker = { admin, ask, access: kafkaAccess(tools) };
  const all = await ask("list its topics", timed, () => admin.listTopics());
  const names = all.filter((each) => !each.startsWith("__"));
  const asked = () => admin.metadata({ topics: names, forceUpdate: true }).catch(unlessUnknown);
  const together = (await ask("describe its topics", timed, asked))?.topics;
  const found: Thing[] = [];
  for (const name of names) {
    // One that has just gone spoils the answer for all.
    const identity = (together?.get(name) ?? (await describe(broker, name, timed)))?.id;
    if (identity !== undefined)
      found.push({ backend: "kafka", kind: "topic", name, identity, owner: undefined });
  }
  return found;
}

type Broker = { readonly admin: Admin; readonly ask: Ask; readonly access: KafkaAccess };

const mayBeOurs = (claim: Claim): boolean => claim.intended || claim.identity !== undefined;

const isDead = ({ id }: ClusterTopicMetadata, { dead, identity }: Claim): boolean =>
  identity !== id && dead?.includes(id) === true;

const configOf = (resource: Resource): TopicConfig => resource.config as unknown as TopicConfig;

async function describe(
  { admin, ask }: Broker,
  name: string,
  timed: Timed,
): Promise<ClusterTopicMetadata | undefined> {
  const answer = () => admin.metadata({ topics: [name], forceUpdate: true }).catch(unlessUnknown);
  return (await ask(`describe topic ${name}`, timed, answer))?.topics.get(name);
}

/** The client answers a missing topic in words of its own, without Kafka's number. */
const unlessUnknown = (error: unknown): undefined => {
  if (!(error instanceof Error && error.message.startsWith("Unknown topic"))) throw error;
};

/** Swallows some of Kafka's answers by their numbers: what they say is no failure here. */
const unless =
  (...apiIds: readonly number[]) =>
  (error: unknown): undefined => {
    const { findBy } = error as Partial<GenericError>;
    if (findBy === undefined || !apiIds.some((id) => findBy.call(error, "apiCode", id) !== null)) throw error;
  };

async function whyForeign(
  broker: Broker,
  resource: Resource,
  found: ClusterTopicMetadata,
  { claim, timed }: TimedCall,
): Promise<string | undefined> {
  if (claim.identity !== undefined) {
    return claim.identity === found.id
      ? undefined
      : `its topic id is ${found.id}, ours was ${claim.identity}`;
  }
  if (!claim.intended) return "it was there before";
  if (found.partitionsCount !== configOf(resource).partitions) return "it is not the topic we intended";
  return (await isEmpty(broker, resource.name, found, timed))
    ? undefined
    : "it holds records and we recorded none";
}

async function isEmpty(
  broker: Broker,
  name: string,
  found: ClusterTopicMetadata,
  timed: Timed,
): Promise<boolean> {
  for (;;) {
    const ends = await endsOf(broker, name, found, timed);
    if (ends !== undefined) return ends.every((offset) => offset === 0n);
    await delay(50, undefined, { signal: timed.signal });
  }
}

/** How far each partition is; `undefined`: not every leader knows yet that it is one. */
async function endsOf(
  { admin, ask }: Broker,
  name: string,
  { partitions: known }: ClusterTopicMetadata,
  timed: Timed,
): Promise<readonly bigint[] | undefined> {
  const partitions = known.map((_, partitionIndex) => ({
    partitionIndex,
    timestamp: ListOffsetTimestamps.LATEST,
  }));
  const listing = () => admin.listOffsets({ topics: [{ name, partitions }] }).catch(unless(...notLedYet));
  const listed = await ask(`list offsets of ${name}`, onlyWaiting(timed), listing);
  return listed?.flatMap((topic) => topic.partitions.map(({ offset }) => offset));
}

async function driftOf(
  { admin, ask }: Broker,
  resource: Resource,
  found: ClusterTopicMetadata,
  timed: Timed,
): Promise<Drift[]> {
  const { partitions, replication, settings } = configOf(resource);
  const drift: Drift[] = [];
  if (found.partitionsCount !== partitions) {
    drift.push({ field: "partitions", planned: String(partitions), actual: String(found.partitionsCount) });
  }
  const copies = Math.min(...found.partitions.map(({ replicas }) => replicas.length));
  if (copies !== replication) {
    drift.push({ field: "replication", planned: String(replication), actual: String(copies) });
  }
  const described = await ask(`describe the settings of ${resource.name}`, timed, () =>
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

async function createTopic({ admin, ask }: Broker, resource: Resource, timed: Timed): Promise<void> {
  const { partitions, replication, settings } = configOf(resource);
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
  // Losing the race against our own zombie attempt is success: `untilLed` looks at what is there.
  await ask(`create topic ${resource.name}`, timed, () =>
    admin
      .createTopics({ topics: [resource.name], partitions, replicas: replication, configs })
      .catch(unless(topicExists)),
  );
}

/** Until this one is gone: another may have its name by then, made by an attempt that was late. */
async function deleteTopic(broker: Broker, name: string, identity: string, timed: Timed): Promise<void> {
  const { admin, ask } = broker;
  await ask(`delete topic ${name}`, timed, () =>
    admin.deleteTopics({ topics: [name] }).catch(unless(unknownTopic)),
  );
  while ((await describe(broker, name, onlyWaiting(timed)))?.id === identity) {
    await delay(50, undefined, { signal: timed.signal });
  }
}

async function mend(
  { admin, ask }: Broker,
  resource: Resource,
  drift: readonly Drift[],
  timed: Timed,
): Promise<void> {
  const { partitions, settings } = configOf(resource);
  const count = drift.find(({ field }) => field === "partitions");
  if (count !== undefined && Number(count.actual) > partitions) {
    throw new PrismError(
      "MIGRATION_REQUIRED",
      `topic ${resource.name} has ${count.actual} partitions: they never shrink`,
    );
  }
  const copies = drift.find(({ field }) => field === "replication");
  if (copies !== undefined) {
    throw new PrismError(
      "MIGRATION_REQUIRED",
      `topic ${resource.name} has ${copies.actual} replicas, not ${copies.planned}: moving them is for the platform`,
    );
  }
  if (count !== undefined) {
    const grown = [{ name: resource.name, count: partitions }];
    await ask(`add partitions to ${resource.name}`, timed, () => admin.createPartitions({ topics: grown }));
  }
  const configs = drift
    .filter(({ field }) => field in settings)
    .map(({ field, planned }) => ({
      name: field,
      value: planned,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
    }));
  if (configs.length === 0) return;
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: resource.name, configs }];
  await ask(`set the settings of ${resource.name}`, timed, () =>
    admin.incrementalAlterConfigs({ resources }),
  );
}

/** Created is not usable: a partition takes records once its leader knows that it is one, which it is told last. */
async function untilLed(broker: Broker, resource: Resource, timed: Timed): Promise<string> {
  const { partitions } = configOf(resource);
  for (;;) {
    const found = await describe(broker, resource.name, timed);
    const led = found?.partitions.filter(({ leader }) => leader >= 0).length ?? 0;
    if (found !== undefined && led === partitions && (await endsOf(broker, resource.name, found, timed))) {
      return found.id;
    }
    await delay(50, undefined, { signal: timed.signal });
  }
}

const foreignTopic = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `topic '${resource.name}' in Kafka is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
