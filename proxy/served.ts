import type { Log as Backend, LogStart } from "../backends/log.ts";
import { publishKeys } from "../backends/publish-keys/publish-keys.ts";
import type { Leadership } from "../backends/write-ahead-log/leadership.ts";
import { PrismError } from "../domain/errors.ts";
import type { Entry } from "../proto/gen/prism/control/v1/control_pb.js";
import { runBackground } from "./background.ts";
import { deliverer, publisher } from "./chain.ts";
import { deadLetterOf } from "./dead-letter.ts";
import type { DeliveryMemory } from "./delivery-memory.ts";
import { type Groups, groups } from "./groups.ts";
import { buildPatterns, judgePatterns } from "./patterns/built.ts";
import { partitionsOf, type Tools } from "./patterns/logs.ts";
import type { Beginning, Deliver, Pattern, Publish } from "./patterns/pattern.ts";
import { publishOnce } from "./publish-once.ts";
import { idIn, offsetOf, recordOf } from "./record.ts";
import { spannedStep } from "./tracing.ts";

/** One namespace in service: its entry, and what was made of it. */
export type Served = {
  readonly entry: Entry;
  readonly publish: Publish;
  /** The way of a message from the backend to one consumer. */
  readonly deliver: (consumer: Deliver) => Deliver;
  /** Where a group begins that names an offset or a time; `REPLAY_NOT_ENABLED` where nothing keeps them. */
  readonly locate: (beginning: Beginning) => Promise<LogStart>;
  /** Whether the same id published again adds nothing. */
  readonly idempotent: boolean;
  readonly backend: Backend;
  readonly groups: Groups;
  /** Patterns of the plan that this build does not run: shown, never hidden. */
  readonly notEnforced: readonly string[];
  /** Outlives a change of the entry, as the calls do. */
  readonly calls: { open: number };
  /** What is there as long as neither incarnation nor backend nor patterns change. */
  readonly lasting: Lasting;
};

type Lasting = {
  readonly chain: readonly Pattern[];
  readonly notEnforced: readonly string[];
  readonly backend: Backend;
  readonly groups: Groups;
  readonly publish: Publish;
  readonly idempotent: boolean;
  readonly calls: { open: number };
  /** Leads nothing any more: another may, also what takes its place here. */
  readonly resign: () => Promise<unknown>;
  readonly close: () => Promise<void>;
};

export type ServeDependencies = {
  readonly proxy: string;
  /** The data-plane connector for a backend and topic; throws `UNIMPLEMENTED` for one this build lacks. */
  readonly connect: (entry: Entry) => Backend;
  readonly tools: Omit<Tools, "send" | "troubled">;
  readonly leadership: Leadership;
  readonly memory: DeliveryMemory;
  readonly took: (namespace: string, pattern: string, seconds: number) => void;
  /** How long a delivery may go unacknowledged. Default 30 s. */
  readonly ackDeadlineMs?: number;
  /** The backend does not do as it should: counted and logged, whether it is repeated or told to a caller. */
  readonly troubled: (namespace: string, error: Error) => void;
};

/** Puts an entry into force. What changes neither incarnation, backend nor patterns keeps connections and consumers. */
export function serve(deps: ServeDependencies, entry: Entry, before: Served | undefined): Served {
  const same = before !== undefined && identity(before.entry) === identity(entry);
  const lasting = same ? before.lasting : begin(deps, entry);
  if (before !== undefined && !same)
    void stop(before, before.entry.incarnation === entry.incarnation ? replanned(entry) : gone(entry));
  if (same) lasting.backend.grow?.(partitionsOf(entry) ?? 0);
  const { chain, notEnforced, backend, groups, publish, calls } = lasting;
  return {
    entry,
    backend,
    notEnforced,
    publish,
    deliver: (consumer) => deliverer(chain, consumer),
    locate: (beginning) => locate(chain, entry, beginning),
    idempotent: lasting.idempotent,
    groups,
    calls,
    lasting,
  };
}

function begin(deps: ServeDependencies, entry: Entry): Lasting {
  const { namespace, incarnation, ordered } = entry;
  const troubled = (error: Error): void => deps.troubled(namespace, error);
  // Before anything is opened: an entry that cannot be served leaves nothing behind.
  const notEnforced = judgePatterns(entry);
  const backend = deps.connect(entry);
  const send = (records: Parameters<Backend["write"]>[0]) => backend.write(records);
  const chain = buildPatterns(entry, { ...deps.tools, send, troubled });
  const produced: Publish = async (message) => {
    try {
      return { offset: offsetOf(await backend.append(recordOf(message, ordered))) };
    } catch (error) {
      if (error instanceof PrismError && error.code === "BACKEND_UNAVAILABLE") troubled(error);
      throw error;
    }
  };
  const kind = entry.backend?.type ?? "";
  const append = spannedStep(`${kind}.produce`, { "prism.backend": kind }, produced);
  const once = keyed(deps, entry, { chain, backend, append, troubled });
  const publish = publisher(chain, once?.publish ?? append, (pattern, seconds) =>
    deps.took(namespace, pattern, seconds),
  );
  const layouts = ordered ? chain.find((pattern) => pattern.layouts !== undefined)?.layouts : undefined;
  const memory = deps.memory.open(namespace);
  const consumers = groups({
    proxy: deps.proxy,
    prefix: `prism.${namespace}.${incarnation}`,
    ordered,
    memory,
    backend,
    deadLetter: async (group, message, why) => void (await publish(deadLetterOf(group, message, why))),
    deadlineMs: deps.ackDeadlineMs,
    ...(layouts === undefined ? {} : { layouts }),
    failpoint: (step, moment) => deps.tools.failpoint(step, moment, namespace),
    troubled,
  });
  const works = chain.flatMap(({ background }) => background ?? []);
  const running = works.map((work) => runBackground(work, { leadership: deps.leadership, troubled }));
  return {
    chain,
    notEnforced,
    backend,
    groups: consumers,
    publish,
    idempotent: once !== undefined || chain.some((pattern) => pattern.once === true),
    calls: { open: 0 },
    resign: () => Promise.all(running.map((each) => each.stop())),
    async close() {
      await Promise.all(chain.map((pattern) => pattern.close?.()));
      await once?.close();
      await backend.close();
      memory.close();
    },
  };
}

type Keyed = {
  readonly chain: readonly Pattern[];
  readonly backend: Backend;
  readonly append: Publish;
  readonly troubled: (error: Error) => void;
};

/** Where no log knows what it has, keys are kept beside the backend, if that can be asked what it has. */
function keyed({ tools }: ServeDependencies, entry: Entry, { chain, backend, append, troubled }: Keyed) {
  const { namespace, ordered } = entry;
  const { seek } = backend;
  if (chain.some(({ once }) => once === true) || seek === undefined) return undefined;
  return publishOnce({
    namespace,
    keys: publishKeys(tools.data, namespace),
    publish: append,
    async look(message) {
      const found = await seek(recordOf(message, ordered), (record) => idIn(record) === message.id);
      return found && { offset: offsetOf(found) };
    },
    failpoint: (step, moment) => tools.failpoint(step, moment, namespace),
    troubled,
  });
}

/** Ends its consumers first: they commit what was acknowledged. `why`: what they are told. */
export function stop({ lasting, entry }: Served, why = gone(entry)): Promise<void> {
  return Promise.all([lasting.groups.close(why), lasting.resign()])
    .then(() => lasting.close())
    .catch(() => {});
}

const gone = ({ namespace }: Entry): PrismError =>
  new PrismError("NAMESPACE_DELETING", `namespace '${namespace}' is no longer served here`);

/** What served it serves no longer: whoever calls again finds what does. */
export const replanned = ({ namespace }: Entry): PrismError =>
  new PrismError("NAMESPACE_NOT_READY", `'${namespace}' has just been given another plan: call again`, {
    details: { retry_after_ms: 100 },
  });

function locate(chain: readonly Pattern[], { namespace }: Entry, beginning: Beginning): Promise<LogStart> {
  const keeper = chain.find((pattern) => pattern.locate !== undefined);
  if (keeper?.locate !== undefined) return keeper.locate(beginning);
  throw new PrismError("REPLAY_NOT_ENABLED", `'${namespace}' keeps nothing to start again from`, {
    details: {
      field: "offset" in beginning ? "start.offset" : "start.time",
      recommendation: "Create the namespace with replay: enabled",
    },
  });
}

/** More partitions are no other backend: consumers stay, and take their share of them. */
const identity = ({ incarnation, backend, ordered, patterns }: Entry): string =>
  JSON.stringify([
    incarnation,
    ordered,
    backend?.type,
    { ...backend?.config, partitions: 0 },
    patterns.map(({ type, version, config }) => [type, version, config]),
  ]);
