import { Admin } from "@platformatic/kafka";
import type { Pool } from "pg";
import { kafkaGroups } from "../../backends/kafka-groups.ts";
import { growRelay, holdRelay, relayedTo } from "../../backends/write-ahead-log/layouts.ts";
import { postgresTable } from "../../domain/selection/names.ts";
import type { Entry } from "../../proto/gen/prism/control/v1/control_pb.js";
import { until } from "../setup/until.ts";
import type { ControlPlane } from "./control-plane.ts";

export const moments = ["held", "drained", "added", "in force", "grown"] as const;
export type Moment = (typeof moments)[number];

type Options = {
  readonly brokers: readonly string[];
  readonly pool: Pool;
  readonly control: ControlPlane;
  readonly entry: Entry;
  readonly topic: string;
  readonly from: number;
  readonly to: number;
  readonly patienceMs: number;
  /** Called after each step, so that something may happen there. */
  readonly at: (moment: Moment) => Promise<void>;
};

/** What an update does to an ordered queue that gets more partitions, without the update. */
export async function grow(options: Options): Promise<void> {
  const { brokers, pool, control, entry, topic, from, to, patienceMs, at } = options;
  const { namespace, incarnation } = entry;
  const of = { namespace, incarnation, before: from, table: postgresTable("wal", namespace) };
  const groups = kafkaGroups({ brokers });
  const admin = new Admin({ clientId: "prism-test-growing", bootstrapBrokers: [...brokers] });
  try {
    const barrier = await holdRelay(pool, of);
    await at("held");
    await until(async () => {
      if ((await relayedTo(pool, of)) < barrier) return false;
      const ends = await groups.ends(topic, from);
      const { behind } = await groups.standing(topic, `prism.${namespace}.${incarnation}.`, ends);
      return behind.length === 0;
    }, patienceMs);
    await at("drained");
    await admin.createPartitions({ topics: [{ name: topic, count: to }] });
    await at("added");
    const config = { topic, partitions: to };
    control.put({ ...entry, version: entry.version + 1, backend: { ...entry.backend, config } as never });
    await at("in force");
    await growRelay(pool, of, { partitions: to, ends: await groups.ends(topic, from) });
    await at("grown");
  } finally {
    await groups.close();
    await admin.close();
  }
}
