import type { Pool } from "pg";
import { clientIdOf } from "../backends/kafka-client-quota.ts";
import type { KafkaCluster } from "../backends/kafka-connection.ts";
import { kafkaLog } from "../backends/kafka-log.ts";
import type { Log as Backend } from "../backends/log.ts";
import { natsLog } from "../backends/nats-log.ts";
import { keyvalueProbe, schemaProbe } from "../backends/postgres-probe.ts";
import { redisProbe } from "../backends/redis-probe.ts";
import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";

type Reach = {
  readonly cluster: KafkaCluster;
  readonly data: Pool;
  readonly tenants: Pool | undefined;
  readonly natsUrl: string | undefined;
  readonly redisUrl: string | undefined;
};

/** The way to a namespace's backend; `UNIMPLEMENTED` where this proxy has none. */
export const connector =
  ({ cluster, data, tenants, natsUrl, redisUrl }: Reach) =>
  ({ namespace, incarnation, backend, clientApi }: Entry): Backend => {
    const { type = "no backend", config = {} } = backend ?? {};
    const owner = { namespace, incarnation };
    const named = (field: string): string | undefined => {
      const value = config[field];
      return typeof value === "string" ? value : undefined;
    };
    const [topic, subject, prefix] = [named("topic"), named("subject"), named("prefix")];
    if (type === "kafka" && topic !== undefined) {
      return kafkaLog({ ...cluster, clientId: clientIdOf(namespace), topic });
    }
    if (type === "nats" && subject !== undefined && natsUrl !== undefined) {
      return natsLog({ url: natsUrl, owner, subject });
    }
    if (type === "redis" && prefix !== undefined && redisUrl !== undefined) {
      return redisProbe({ url: redisUrl, owner, prefix });
    }
    if (type === "postgres" && clientApi === "keyvalue") return keyvalueProbe({ pool: data, namespace });
    if (type === "postgres" && ["reader", "transact"].includes(clientApi) && tenants !== undefined) {
      return schemaProbe({ pool: tenants, namespace });
    }
    throw new PrismError("UNIMPLEMENTED", `this proxy has no data path to ${type}`);
  };
