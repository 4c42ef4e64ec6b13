import { setTimeout as delay } from "node:timers/promises";
import { PrismError } from "../domain/errors.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import { remaining } from "../domain/namespace/resources.ts";
import type { Resource } from "../domain/plan.ts";
import { type Agreeing, everyProxyThatMayServe, rowOf } from "./agreement.ts";
import type { Archive } from "./archive.ts";
import { archived } from "./archived.ts";
import type { Attempt } from "./attempt.ts";
import { endedIn } from "./ending.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import { assertOwnStep, assertOwnTurn } from "./own-turn.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type DeletingDependencies = Agreeing & {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly archive: Archive;
  readonly logs: Logs;
  /** How long calls in flight have to end, from when traffic was stopped. */
  readonly drainMs: number;
  /** How long a log has to be relayed, likewise. */
  readonly drainLogMs: number;
};

type Life = { readonly namespace: string; readonly incarnation: number };

/** What publishers were promised and the backend may not have yet. A namespace without a log has none of it. */
export type Logs = {
  /** Nothing is added from then on, whoever tries. Answers how many messages were to be relayed then, also again. */
  close(of: Life): Promise<number>;
  reopen(of: Life): Promise<void>;
  /** How many messages are to be relayed now. */
  backlog(of: Life): Promise<number>;
  /** Idempotency keys that were kept beside the backend. */
  forgetKeys(of: Life): Promise<void>;
};

/** A delete as it begins: it has ended in an earlier run, or there is this to remove. */
export type Deleting =
  | { readonly ended: Outcome }
  | { readonly ended?: undefined; readonly resources: readonly Resource[] };

const pollMs = 50;

/** Taking a namespace out of service, in an order that loses nothing that was acknowledged. */
export const deletingActivities = ({
  attempt,
  recorder,
  failpoint,
  archive,
  logs,
  drainMs,
  drainLogMs,
  ...agreeing
}: DeletingDependencies) => {
  /** Which proxies have the namespace in force as it is now; those that never knew it need not. */
  const agreed = async (history: NamespaceHistory, occasion: Occasion, signal: AbortSignal) => {
    const row = rowOf(history, occasion);
    const { shard, directory_version: directoryVersion } = row;
    if (shard === null || directoryVersion === "0") return { directoryVersion, proxies: [] };
    const proxies = await everyProxyThatMayServe({ ...row, shard }, agreeing, signal);
    return { directoryVersion, proxies: proxies.map(({ proxy }) => proxy) };
  };

  return {
    beginDeletion: (input: {
      readonly occasion: Occasion;
      readonly confirm: string | undefined;
      readonly ifVersion?: number | undefined;
      readonly workflow: { readonly id: string; readonly run_id: string };
    }): Promise<Deleting> =>
      attempt(input.occasion, "begin", async () => {
        const { occasion, ...asked } = input;
        const { operation } = occasion;
        const known = await recorder.read(occasion.namespace);
        const ended = outcomeOf(known.events, operation);
        if (ended !== undefined) return { ended };
        const command = { type: "RequestDeletion", operation, ...asked } as const;
        const { state } = await recorder.record(occasion, "begin", command);
        const keys = new Set(remaining(state.resources));
        return {
          resources: [...state.resources].flatMap(([key, { resource }]) => (keys.has(key) ? [resource] : [])),
        };
      }),

    /**
     * Every proxy refuses new requests; one that cannot be reached has been silent for its stale limit,
     * and the log takes nothing any more. Answers how many messages were to be relayed then.
     */
    stopTraffic: (occasion: Occasion): Promise<number> =>
      attempt(occasion, "stop-traffic", async (signal) => {
        const history = await recorder.read(occasion.namespace);
        const who = await agreed(history, occasion, signal);
        const life = rowOf(history, occasion);
        // It may have waited for long.
        assertOwnStep(await recorder.read(occasion.namespace), occasion);
        const pending = await logs.close(life);
        failpoint("stop-traffic", "after", occasion.namespace);
        const command = { type: "StopTraffic", operation: occasion.operation, ...who } as const;
        await recorder.record(occasion, "stop-traffic", command);
        return pending;
      }),

    /** The delete has failed, and the namespace is served again. */
    reopenLog: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "reopen-log", async () => {
        const history = await recorder.read(occasion.namespace);
        assertOwnTurn(history, occasion);
        await logs.reopen(rowOf(history, occasion));
      }),

    /**
     * The pivot. Calls in flight end and what the log holds is relayed; what has not by its time is given
     * up, and all of it is counted. `pending`: what the log held when traffic was stopped.
     */
    drain: ({
      occasion,
      pending,
    }: {
      readonly occasion: Occasion;
      readonly pending: number;
    }): Promise<void> =>
      attempt(occasion, "drain", async (signal) => {
        const history = await recorder.read(occasion.namespace);
        // Somebody has cancelled it: they are not to wait until it is drained.
        assertOwnStep(history, occasion);
        const { shard, namespace, incarnation } = rowOf(history, occasion);
        const since = stoppedAt(history, occasion);
        const inFlight = async (): Promise<number> => {
          const live = shard === null ? [] : await agreeing.leases.live(shard);
          return live.reduce((sum, { inFlight: calls }) => sum + (calls[namespace] ?? 0), 0);
        };
        for (
          const deadline = Date.now() + agreeing.patienceMs;
          ;
          await delay(pollMs, undefined, { signal })
        ) {
          const [calls, unrelayed] = await Promise.all([
            inFlight(),
            logs.backlog({ namespace, incarnation }),
          ]);
          const patient = (left: number, ms: number) => left > 0 && Date.now() < since + ms;
          if (patient(calls, drainMs) || patient(unrelayed, drainLogMs)) {
            if (Date.now() < deadline) continue;
            throw new PrismError(
              "NAMESPACE_NOT_READY",
              `not drained yet: ${calls} calls are in flight, ${unrelayed} messages are to be relayed`,
            );
          }
          const counted = { drained: Math.max(0, pending - unrelayed), aborted: calls + unrelayed };
          const command = { type: "CompleteDrain", operation: occasion.operation, ...counted } as const;
          await recorder.record(occasion, "drain", command);
          return;
        }
      }),

    /** What runs for the namespace in the proxies has ended. */
    stopProviders: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "stop-providers", async (signal) => {
        const history = await recorder.read(occasion.namespace);
        const who = await agreed(history, occasion, signal);
        assertOwnStep(await recorder.read(occasion.namespace), occasion);
        await logs.forgetKeys(rowOf(history, occasion));
        failpoint("stop-providers", "after", occasion.namespace);
        await recorder.record(occasion, "stop-providers", {
          type: "StopProviders",
          operation: occasion.operation,
          ...who,
        });
      }),

    /** The history of this life, kept elsewhere before anything is removed. */
    archiveHistory: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "archive", async (signal) => {
        const history = await recorder.read(occasion.namespace);
        // What was recorded of the archive is said of its bytes: longer ones would not be those.
        if (history.state.operation?.done.has("archive")) return;
        const { key, body, digest, revision } = archived(occasion.namespace, history);
        const { bucket } = await archive.put(key, body, signal);
        failpoint("archive", "after", occasion.namespace);
        await recorder.record(occasion, "archive", {
          type: "ArchiveAudit",
          operation: occasion.operation,
          ...{ bucket, key, digest, revision },
        });
      }),

    unregister: (occasion: Occasion): Promise<void> =>
      attempt(occasion, "unregister", async () => {
        const { operation } = occasion;
        await recorder.record(occasion, "unregister", { type: "UnregisterProxies", operation });
      }),

    /** The name is free once no proxy knows the namespace any more. */
    completeDeletion: (occasion: Occasion): Promise<Outcome> =>
      attempt(occasion, "delete", async (signal) => {
        const who = await agreed(await recorder.read(occasion.namespace), occasion, signal);
        const command = { type: "CompleteDeletion", operation: occasion.operation, ...who } as const;
        return endedIn(await recorder.record(occasion, "delete", command), occasion);
      }),
  };
};

/** When no proxy took anything any more (ms since 1970). */
const stoppedAt = ({ events }: NamespaceHistory, { operation }: Occasion): number =>
  events
    .findLast(({ type, metadata }) => type === "TrafficStopped" && metadata.operation === operation)
    ?.recordedAt.getTime() ?? Date.now();
