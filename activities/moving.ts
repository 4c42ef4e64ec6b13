import { setTimeout as delay } from "node:timers/promises";
import { inUse } from "../control/leases.ts";
import type { Shards } from "../control/shards.ts";
import { PrismError } from "../domain/errors.ts";
import { type Outcome, outcomeOf } from "../domain/namespace/outcome.ts";
import { movingOf, targetOf } from "../domain/shard/target.ts";
import { type Agreeing, everyProxyThatMayServe, rowOf, type ServedRow } from "./agreement.ts";
import type { Attempt } from "./attempt.ts";
import { endedIn } from "./ending.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Occasion } from "./occasion.ts";
import { claim } from "./place.ts";
import type { NamespaceHistory, Recorder } from "./recorder.ts";

export type MovingDependencies = Agreeing & {
  readonly attempt: Attempt;
  readonly recorder: Recorder;
  readonly failpoint: Failpoint;
  readonly shards: Shards;
  /** How long clients have to hear of the new shard before the old one sends them there. */
  readonly moveGraceMs: number;
  /** How long calls in flight have to end. */
  readonly drainMs: number;
};

/** A move as it begins: it has ended in an earlier run, or leaves clients so long to follow. */
export type MoveBegun =
  | { readonly ended: Outcome }
  | { readonly ended?: undefined; readonly graceMs: number };

const pollMs = 50;

/** From one shard's proxies to another's. Both serve it for a while: what they write is fenced where it is kept. */
export const movingActivities = ({
  attempt,
  recorder,
  failpoint,
  shards,
  moveGraceMs,
  drainMs,
  ...agreeing
}: MovingDependencies) => ({
  beginMove: (input: {
    readonly occasion: Occasion;
    readonly to: string;
    readonly workflow: { readonly id: string; readonly run_id: string };
  }): Promise<MoveBegun> =>
    attempt(input.occasion, "begin", async () => {
      const { occasion, to, workflow } = input;
      const { operation } = occasion;
      const { state, events } = await recorder.read(occasion.namespace);
      const ended = outcomeOf(events, operation);
      if (ended !== undefined) return { ended };
      // What was taken when it was asked for may be drained by now.
      if (!state.begun.has(operation)) targetOf(to, movingOf(state), await shards.all());
      await recorder.record(occasion, "begin", { type: "RequestMove", operation, to, workflow });
      return { graceMs: moveGraceMs };
    }),

  /** The new shard's proxies are told of the namespace; a dedicated one is its own from here on. */
  openTarget: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "open-target", async () => {
      const { operation } = occasion;
      const { state } = await recorder.read(occasion.namespace);
      if (!state.operation?.done.has("open-target")) await claim({ shards, recorder }, state, occasion);
      failpoint("open-target", "after", occasion.namespace);
      await recorder.record(occasion, "open-target", { type: "OpenTarget", operation });
    }),

  /** The move has failed: every proxy of the new shard has forgotten the namespace. */
  closeTarget: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "close-target", async (signal) => {
      const { operation } = occasion;
      const history = await recorder.record(occasion, "close-target", { type: "CloseTarget", operation });
      await everyProxyThatMayServe(besideOf(history, occasion), agreeing, signal);
    }),

  /** The pivot: clients are told of the new shard's proxies. */
  moveNamespace: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "move", async () => {
      const { operation } = occasion;
      const { state } = await recorder.read(occasion.namespace);
      if (state.operation?.done.has("move")) return;
      const live = inUse(await agreeing.leases.live(state.beside ?? ""));
      if (live.length === 0) {
        throw new PrismError("NAMESPACE_NOT_READY", `no proxy of ${state.beside} is alive`);
      }
      const endpoints = live.map(({ address, region }) => ({ address, region }));
      await recorder.record(occasion, "move", { type: "MoveNamespace", operation, endpoints });
    }),

  /** Clients have had their time: who still asks the old shard is sent to the new one. */
  closeSource: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "close-source", async () => {
      const { operation } = occasion;
      await recorder.record(occasion, "close-source", { type: "CloseSource", operation });
    }),

  /**
   * Every proxy of the old shard refuses, or has been silent for so long that it refuses by itself. Calls in
   * flight end; those that have not by their time are counted.
   */
  drainSource: (occasion: Occasion): Promise<void> =>
    attempt(occasion, "drain-source", async (signal) => {
      const { operation, namespace } = occasion;
      const history = await recorder.read(namespace);
      if (history.state.operation?.done.has("drain-source")) return;
      const source = besideOf(history, occasion);
      const proxies = await everyProxyThatMayServe(source, agreeing, signal);
      const inFlight = async (): Promise<number> => {
        const live = await agreeing.leases.live(source.shard);
        return live.reduce((sum, { inFlight: calls }) => sum + (calls[namespace] ?? 0), 0);
      };
      const since = closedAt(history, occasion);
      const deadline = Date.now() + agreeing.patienceMs;
      let aborted = await inFlight();
      for (; aborted > 0 && Date.now() < since + drainMs; aborted = await inFlight()) {
        if (Date.now() >= deadline) {
          throw new PrismError("NAMESPACE_NOT_READY", `not drained yet: ${aborted} calls are in flight`);
        }
        await delay(pollMs, undefined, { signal });
      }
      await recorder.record(occasion, "drain-source", {
        type: "DrainSource",
        operation,
        directoryVersion: source.directory_version,
        proxies: proxies.map(({ proxy }) => proxy),
        aborted,
      });
    }),

  /** Ends the move once no proxy of the old shard knows the namespace any more. */
  completeMove: (occasion: Occasion): Promise<Outcome> =>
    attempt(occasion, "complete", async (signal) => {
      const { operation, namespace } = occasion;
      const history = await recorder.read(namespace);
      const ended = outcomeOf(history.events, operation);
      if (ended !== undefined) return ended;
      await everyProxyThatMayServe(besideOf(history, occasion), agreeing, signal);
      return endedIn(
        await recorder.record(occasion, "complete", { type: "CompleteMove", operation }),
        occasion,
      );
    }),
});

/** As the shard beside has it: that shard's proxies are waited for, and no others. */
function besideOf(history: NamespaceHistory, occasion: Occasion): ServedRow {
  const row = rowOf(history, occasion);
  if (row.beside === null) throw new PrismError("INTERNAL", `${occasion.namespace} is moved nowhere`);
  return { ...row, shard: row.beside.shard, beside: null };
}

/** When the old shard's proxies were told to take nothing any more (ms since 1970). */
const closedAt = ({ events }: NamespaceHistory, { operation }: Occasion): number =>
  events
    .findLast(({ type, metadata }) => type === "SourceClosed" && metadata.operation === operation)
    ?.recordedAt.getTime() ?? Date.now();
