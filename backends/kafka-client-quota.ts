import {
  type Admin,
  ClientQuotaEntityTypes,
  ClientQuotaKeys,
  ClientQuotaMatchTypes,
} from "@platformatic/kafka";
import type { Resource } from "../domain/plan.ts";
import { ask } from "./ask.ts";
import type { Call, Drift, Observed } from "./backend.ts";
import type { KafkaResource } from "./kafka.ts";

/** Bytes a second, per broker, for everything that connects as the namespace's client. */
type QuotaConfig = { readonly producer_byte_rate: number; readonly consumer_byte_rate: number };

type Values = Partial<Record<keyof QuotaConfig, number>>;

/** The client id that proxies use for a namespace; what its quota binds. */
export const clientIdOf = (namespace: string): string => `prism.${namespace}`;

/**
 * A quota on the namespace's client id. Kafka slows a client down that is above it and
 * refuses nothing, so it protects the neighbours without losing data.
 */
export function clientQuota(admin: Admin): KafkaResource {
  const observe = async (resource: Resource, { claim }: Call): Promise<Observed> => {
    const identity = clientIdOf(resource.name);
    const actual = await describe(admin, resource);
    if (actual === undefined) return { state: "absent" };
    if (claim.identity !== identity && !claim.intended) {
      return { state: "foreign", identity, because: "it was there before" };
    }
    const drift = driftOf(configOf(resource), actual);
    return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
  };

  return {
    observe,

    async ensure(resource) {
      const { producer_byte_rate, consumer_byte_rate } = configOf(resource);
      const ops = [
        { key: ClientQuotaKeys.PRODUCER_BYTE_RATE, value: producer_byte_rate, remove: false as const },
        { key: ClientQuotaKeys.CONSUMER_BYTE_RATE, value: consumer_byte_rate, remove: false as const },
      ];
      const entries = [{ entities: entitiesOf(resource), ops }];
      await ask("Kafka", `set the quota of ${resource.name}`, admin.alterClientQuotas({ entries }));
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
      await ask("Kafka", `remove the quota of ${resource.name}`, admin.alterClientQuotas({ entries }));
      return { removed: true };
    },
  };
}

const configOf = (resource: Resource): QuotaConfig => resource.config as unknown as QuotaConfig;

const entitiesOf = (resource: Resource) => [
  { entityType: ClientQuotaEntityTypes.CLIENT_ID, entityName: clientIdOf(resource.name) },
];

async function describe(admin: Admin, resource: Resource): Promise<Values | undefined> {
  const component = {
    entityType: ClientQuotaEntityTypes.CLIENT_ID,
    matchType: ClientQuotaMatchTypes.EXACT,
    match: clientIdOf(resource.name),
  };
  const asked = admin.describeClientQuotas({ components: [component], strict: true });
  const entries = await ask("Kafka", `describe the quota of ${resource.name}`, asked);
  const values = entries.flatMap((entry) => entry.values);
  return values.length === 0 ? undefined : Object.fromEntries(values.map(({ key, value }) => [key, value]));
}

function driftOf(planned: QuotaConfig, actual: Values): Drift[] {
  const fields = ["producer_byte_rate", "consumer_byte_rate"] as const;
  return fields
    .filter((field) => actual[field] !== planned[field])
    .map((field) => ({ field, planned: String(planned[field]), actual: String(actual[field] ?? "unset") }));
}
