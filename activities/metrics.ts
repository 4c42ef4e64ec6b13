import { Context } from "@temporalio/activity";
import { Counter, Histogram, type Registry } from "prom-client";
import type { RecordedEvent } from "../domain/event.ts";
import type { NamespaceEvent } from "../domain/namespace/events.ts";
import { streamOf } from "../domain/namespace/namespace.ts";
import { outcomeOf } from "../domain/namespace/outcome.ts";
import { beginning, begunBy, isOver, type OperationKind, proceed } from "../domain/namespace/progress.ts";
import {
  createSteps,
  deleteSteps,
  moveSteps,
  repairSteps,
  rewindSteps,
  updateSteps,
} from "../domain/namespace/steps.ts";
import type { EventStore } from "../eventstore/event-store.ts";
import { observed } from "../eventstore/observed.ts";
import { appendSeconds } from "../runtime/append-seconds.ts";
import type { Failpoint } from "./failpoint.ts";

const kinds: readonly OperationKind[] = [
  "create",
  "update",
  "delete",
  "migrate",
  "reconcile",
  "rewind",
  "move",
];
const ends = ["succeeded", "failed", "cancelled", "rejected"] as const;
const second = 1;
const [minute, hour, day] = [60 * second, 3_600 * second, 86_400 * second];

const remembered = 1_000;

type Fact = RecordedEvent<NamespaceEvent>;

/**
 * What this worker did (`api.md` §8): the sum over all workers is what Prism did. Labels are words of Prism's own,
 * never names that people chose, and are there at 0 from the start.
 */
export function workerMetrics(register: Registry) {
  const operations = new Counter({
    name: "prism_operations_total",
    help: "Operations that ended, by kind and by how they ended",
    labelNames: ["kind", "state"],
    registers: [register],
  });
  const durations = new Histogram({
    name: "prism_operation_duration_seconds",
    help: "From an operation's first event to its last, waiting for people included",
    labelNames: ["kind"],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, minute, 5 * minute, hour, day, 30 * day],
    registers: [register],
  });
  const retries = new Counter({
    name: "prism_step_retries_total",
    help: "Attempts of a step after its first one, by kind of step",
    labelNames: ["step"],
    registers: [register],
  });
  for (const kind of kinds) {
    durations.zero({ kind });
    for (const state of ends) operations.inc({ kind, state }, 0);
  }
  for (const step of knownSteps) retries.inc({ step }, 0);
  const took = appendSeconds(register);
  const counted = new Set<string>();

  async function countEnd(store: EventStore, event: Fact): Promise<void> {
    // Whoever did not hear the answer appends once more, and is answered what is stored.
    if (counted.has(event.id)) return;
    counted.add(event.id);
    for (const oldest of counted) if (counted.size > remembered) counted.delete(oldest);
    const all = await operationUntil(store, event);
    const outcome = outcomeOf(all, event.metadata.operation ?? "");
    const [first] = all;
    const kind = first && begunBy(first)?.kind;
    if (first === undefined || kind === undefined) return;
    // An event that says again how an operation ended does not end it once more.
    if (outcome?.position !== String(event.position)) return;
    operations.inc({ kind, state: outcome.state });
    durations.observe({ kind }, (event.recordedAt.getTime() - first.recordedAt.getTime()) / 1_000);
  }

  return {
    /** The store, whose appends are counted. */
    measured: (store: EventStore): EventStore =>
      observed(store, (seconds, events) => {
        took(seconds);
        for (const event of events as readonly Fact[]) {
          // A count is not worth a failed step.
          if (mayEnd(event)) countEnd(store, event).catch(() => {});
        }
      }),

    /** Every attempt of every step passes its failpoint: there its retries are counted, killed ones too. */
    countingRetries:
      (failpoint: Failpoint): Failpoint =>
      (step, moment, namespace) => {
        if (moment === "before" && Context.current().info.attempt > 1) retries.inc({ step: kindOf(step) });
        failpoint(step, moment, namespace);
      },
  };
}

/** `ensure kafka topic orders-queue` is an `ensure`. */
const kindOf = (step: string): string => step.split(" ")[0] ?? step;

const knownSteps: ReadonlySet<string> = new Set([
  ...createSteps({ approval: true }),
  ...updateSteps(true),
  ...deleteSteps([]),
  ...repairSteps,
  ...rewindSteps,
  ...moveSteps,
  "ensure",
  "restore",
  "remove",
]);

const mayEnd = (event: Fact): boolean =>
  event.stream.startsWith(streamOf("")) && kinds.some((kind) => isOver(proceed(beginning(kind), event)));

/** The operation's events up to and with this one, from its first on. */
async function operationUntil(store: EventStore, last: Fact): Promise<readonly Fact[]> {
  const { operation } = last.metadata;
  const newestFirst: Fact[] = [];
  for await (const event of store.readStream(last.stream, { from: last.revision, backwards: true })) {
    const fact = event as Fact;
    if (fact.metadata.operation !== operation) continue;
    newestFirst.push(fact);
    if (begunBy(fact)?.operation === operation) break;
  }
  return newestFirst.reverse();
}
