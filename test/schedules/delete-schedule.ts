import { setTimeout as pause } from "node:timers/promises";

import type { PublishResponse } from "../../proto/gen/prism/v1/message_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { orderApi } from "../e2e/request.ts";
import { rawClient } from "../proxy/raw-client.ts";
import { testPool } from "../setup/test-pool.ts";
import { until } from "../setup/until.ts";
import { pci, type Stage } from "./stage.ts";

/**
 * Schedules of the model of a delete (`test/model/delete.ts`) on real processes, as far as they show the
 * harm that its faults do there. Each answers the harm that was seen.
 */
const patienceMs = 100_000;
const lookMs = 15_000;

/** lead, relay, move; a new epoch while the leader goes on; move. What the new term is to send is sent. */
export async function rewindWhileLed({ prism, alice, b, namespace }: Stage): Promise<readonly string[]> {
  const name = await namespace("rewound");
  const log = logOf(prism.environment["PRISM_DATA_URL"] ?? "", name);
  try {
    const publisher = await publishing(prism, b.address, name);
    await Promise.all(Array.from({ length: 10 }, publisher.publish));
    publisher.close();
    await until(async () => (await log.pending()) === 0n, patienceMs);
    await alice.namespaces.rewindRelay(name, { waitSeconds: 60 });
    return await until(async () => (await log.pending()) === 0n, lookMs).then(
      () => [],
      () => ["what a new epoch has to send again is not sent"],
    );
  } finally {
    await log.end();
  }
}

/** publish, begin, stop serving, stop-traffic, drain, append: by a proxy that slept with a message let in. */
export async function asleepWhileDrained(stage: Stage): Promise<readonly string[]> {
  const { prism, alice, a } = stage;
  const name = await stage.namespace("asleep", { ...pci, needs: { durability: "strong" } });
  await prism.processes.start("worker", { PRISM_FAILPOINT: `drain:recorded:${name}` });
  const log = logOf(prism.environment["PRISM_DATA_URL"] ?? "", name);
  const publisher = await publishing(prism, a.address, name);
  try {
    // The store keeps the first ones waiting, and so the proxy those that come after them.
    const release = await log.hold();
    const first = Array.from({ length: 4 }, publisher.publish);
    await until(log.isWaitedFor, patienceMs);
    const later = Array.from({ length: 16 }, publisher.publish);
    await pause(500);
    a.process.kill("SIGSTOP");
    await release();
    await alice.namespaces.delete(name, { confirm: name });
    await until(() => !prism.processes.running("worker"), patienceMs);
    const taken = await log.head();
    a.process.kill("SIGCONT");
    const positions = (await Promise.all([...first, ...later])).filter((position) => position !== undefined);
    return positions.filter((position) => position > taken).map((at) => `${at} is taken after the drain`);
  } finally {
    a.process.kill("SIGCONT");
    publisher.close();
    await log.end();
    await prism.processes.start("worker");
  }
}

/** begin, stop serving, stop-traffic, drain, cancel: while a proxy does not hear that it is drained. */
export async function cancelledWhenDrained({ alice, gate, namespace }: Stage): Promise<readonly string[]> {
  const name = await namespace("pivoted");
  gate.hold("change", "snapshot");
  const { operation } = await alice.namespaces.delete(name, { confirm: name });
  const id = operation?.id ?? "";
  await gate.take("change", patienceMs);
  const has = async (event: string) =>
    (await alice.namespaces.history(name)).items.some(({ type }) => type === event);
  await until(() => has("DrainCompleted"), patienceMs);
  const cancelled = await alice.operations.cancel(id).then(
    () => ["a delete that is drained is cancelled"],
    (error: { code: string }) => (error.code === "TOO_LATE" ? [] : Promise.reject(error)),
  );
  gate.heal();
  return cancelled;
}

async function publishing(prism: Stage["prism"], address: string, namespace: string) {
  const authorization = `Bearer ${await prism.token({ ...orderApi, ttlSeconds: 3_600 })}`;
  const client = rawClient(address, { authorization, "prism-namespace": namespace });
  return {
    /** Answers the position, or nothing where it is refused. */
    publish: async (): Promise<bigint | undefined> => {
      const message = { topic: "t", payload: new Uint8Array(1) };
      const answer = await client.unary(QueueService.method.publish, message).catch(() => undefined);
      return answer === undefined ? undefined : BigInt((answer as PublishResponse).offset.slice(2));
    },
    close: () => client.close(),
  };
}

/** The namespace's log, as its tables show it. */
function logOf(url: string, namespace: string) {
  const pool = testPool({ connectionString: url, max: 3 });
  const one = async (text: string, values: readonly unknown[] = [namespace]): Promise<bigint> => {
    const { rows } = await pool.query<{ found: string }>(text, [...values]);
    return BigInt(rows[0]?.found ?? 0);
  };
  return {
    head: () => one("select position as found from prism_log.log_head where namespace = $1"),
    pending: () =>
      one(`select h.position - r.relayed as found from prism_log.log_head h
        join prism_log.relay r using (namespace, incarnation) where namespace = $1`),
    isWaitedFor: async () =>
      (await one(
        `select count(*) as found from pg_stat_activity where wait_event_type = 'Lock'
         and query like '%prism_log.claim%' and datname = current_database()`,
        [],
      )) > 0n,
    /** Nobody can add anything until it is released. */
    async hold(): Promise<() => Promise<void>> {
      const client = await pool.connect();
      await client.query("begin");
      await client.query("select 1 from prism_log.log_head where namespace = $1 for update", [namespace]);
      return async () => {
        await client.query("rollback");
        client.release();
      };
    },
    end: () => pool.end(),
  };
}
