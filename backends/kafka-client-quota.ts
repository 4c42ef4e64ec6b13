import { ClientQuotaEntityTypes, ClientQuotaKeys, ClientQuotaMatchTypes } from "@platformatic/kafka";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import type { Thing } from "../domain/reconcile/thing.ts";
import type { Drift, Observed } from "./backend.ts";
import type { KafkaAdministration, KafkaResource } from "./kafka-resource.ts";
import type { Timed, TimedCall } from "./timed.ts";

/** Bytes a second, per broker, for everything that connects as the namespace's client. */
type QuotaConfig = { readonly producer_byte_rate: number; readonly consumer_byte_rate: number };

type Values = Partial<Record<keyof QuotaConfig, number>>;

/** The client id that proxies use for a namespace; what its quota binds. */
export const clientIdOf = (namespace: string): string => `prism.${namespace}`;

/**
 * A quota on the namespace's client id. Kafka slows a client down that is above it and
 * refuses nothing, so it protects the neighbours without losing data.
 */
export function clientQuota({ admin, ask }: KafkaAdministration): KafkaResource {
  const describe = async (resource: Resource, timed: Timed): Promise<Values | undefined> => {
    const component = {
      entityType: ClientQuotaEntityTypes.CLIENT_ID,
      matchType: ClientQuotaMatchTypes.EXACT,
      match: clientIdOf(resource.name),
    };
    const asked = () => admin.describeClientQuotas({ components: [component], strict: true });
    const entries = await ask(`describe the quota of ${resource.name}`, timed, asked);
    const values = entries.flatMap((entry) => entry.values);
    return values.length === 0 ? undefined : Object.fromEntries(values.map(({ key, value }) => [key, value]));
  };

  const observe = async (resource: Resource, { claim, timed }: TimedCall): Promise<Observed> => {
    const identity = clientIdOf(resource.name);
    const actual = await describe(resource, timed);
    if (actual === undefined) return { state: "absent" };
    // By the client's name alone: a quota has no identity, but only Prism names clients so.
    if (claim.identity === undefined && claim.dead?.includes(identity)) {
      return { state: "dead", identity, because: "a finished life of the namespace set it" };
    }
    if (claim.identity !== identity && !claim.intended) {
      return { state: "foreign", identity, because: "it was there before" };
    }
    const drift = driftOf(configOf(resource), actual);
    return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
  };

  return {
    observe,

    async ensure(resource, call) {
      const seen = await observe(resource, call);
      if (seen.state === "foreign") throw foreignQuota(resource, seen.because);
      const { producer_byte_rate, consumer_byte_rate } = configOf(resource);
      const ops = [
        { key: ClientQuotaKeys.PRODUCER_BYTE_RATE, value: producer_byte_rate, remove: false as const },
        { key: ClientQuotaKeys.CONSUMER_BYTE_RATE, value: consumer_byte_rate, remove: false as const },
      ];
      const entries = [{ entities: entitiesOf(resource), ops }];
      await ask(`set the quota of ${resource.name}`, call.timed, () => admin.alterClientQuotas({ entries }));
      return { identity: clientIdOf(resource.name) };
    },

    async remove(resource, call) {
      // What is ours is removed unseen: a quota that was just set may not show yet.
      const ours = call.claim.intended || call.claim.identity === clientIdOf(resource.name);
      const seen = ours ? undefined : await observe(resource, call);
      if (seen?.state === "absent") return { removed: true };
      if (seen?.state === "foreign") return { removed: false };
      const ops = [
        { key: ClientQuotaKeys.PRODUCER_BYTE_RATE, remove: true as const },
        { key: ClientQuotaKeys.CONSUMER_BYTE_RATE, remove: true as const },
      ];
      const entries = [{ entities: entitiesOf(resource), ops }];
      await ask(`remove the quota of ${resource.name}`, call.timed, () =>
        admin.alterClientQuotas({ entries }),
      );
      return { removed: true };
    },
  };
}

/** Quotas on clients that only Prism names so; those of others are nothing that stands anywhere. */
export async function listQuotas(
  { admin, ask }: KafkaAdministration,
  timed: Timed,
): Promise<readonly Thing[]> {
  const every = {
    entityType: ClientQuotaEntityTypes.CLIENT_ID,
    matchType: ClientQuotaMatchTypes.ANY,
    match: null,
  };
  const entries = await ask("list its quotas", timed, () =>
    admin.describeClientQuotas({ components: [every], strict: true }),
  );
  const clients = entries.flatMap(({ entity }) => entity.map(({ entityName }) => entityName ?? ""));
  return clients
    .filter((client) => client.startsWith(clientIdOf("")))
    .map((identity) => ({
      backend: "kafka",
      kind: "client-quota",
      name: identity.slice(clientIdOf("").length),
      identity,
      owner: undefined,
    }));
}

const configOf = (resource: Resource): QuotaConfig => resource.config as unknown as QuotaConfig;

const entitiesOf = (resource: Resource) => [
  { entityType: ClientQuotaEntityTypes.CLIENT_ID, entityName: clientIdOf(resource.name) },
];

function driftOf(planned: QuotaConfig, actual: Values): Drift[] {
  const fields = ["producer_byte_rate", "consumer_byte_rate"] as const;
  return fields
    .filter((field) => actual[field] !== planned[field])
    .map((field) => ({ field, planned: String(planned[field]), actual: String(actual[field] ?? "unset") }));
}

const foreignQuota = (resource: Resource, because: string): PrismError =>
  new PrismError(
    "INVALID_CONFIGURATION",
    `the quota of '${resource.name}' in Kafka is not Prism's: ${because}`,
    {
      details: { field: "namespace", recommendation: "Choose a different namespace name" },
    },
  );
