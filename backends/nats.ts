import { JetStreamApiError, type StreamInfo, type StreamUpdateConfig } from "@nats-io/jetstream";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { bytes, printSize } from "../domain/request/size.ts";
import type { Backend, Observed } from "./backend.ts";
import type { Logins } from "./logins.ts";
import { type NatsTrust, natsAccounts } from "./nats-account.ts";
import { natsConnection, type Streams } from "./nats-connection.ts";
import { identityOf, ownerOf, planOf, streamConfig, streamDrift } from "./nats-stream.ts";
import { standing } from "./owner-tag.ts";
import { natsStream } from "./prefixes.ts";
import { bounded, type Timed, type TimedCall } from "./timed.ts";

export type NatsOptions = {
  /** nats://user:password@host:port,host:port; JetStream must be on. */
  readonly url: string;
  readonly logins: Logins;
  /** Left out: namespaces have no logins. */
  readonly trust?: NatsTrust | undefined;
  readonly deadlineMs: number;
};

const streamNotFound = 10_059;
const nameInUse = 10_058;
const subjectsOverlap = 10_065;
/** Fields that JetStream lets nobody change afterwards. */
const lasting = ["storage", "retention", "mirror", "sealed", "name", "deny_delete"];

/** A namespace in NATS is a stream of subjects that begin with its name and the number of its life. */
export function nats(options: NatsOptions): Backend {
  const { url, deadlineMs } = options;
  const { streams, close } = natsConnection(url, deadlineMs);
  const accounts = natsAccounts(options);

  const observe = async (resource: Resource, call: TimedCall): Promise<Observed> => {
    const { owner, timed } = call;
    const seen = judge(await look(streams, resource, call), resource, call);
    if (seen.state === "absent") {
      // An attempt that hung may have made it after its stream was removed.
      const left = await accounts.held(resource, owner, timed);
      const drift = [{ field: "stream", planned: "there", actual: "missing" }];
      return left === undefined ? seen : { state: "drifted", identity: left, drift };
    }
    if (seen.state !== "ready" && seen.state !== "drifted") return seen;
    const access = await accounts.drift(resource, owner, timed);
    if (access.length === 0) return seen;
    const drift = [...(seen.state === "drifted" ? seen.drift : []), ...access];
    return { state: "drifted", identity: seen.identity, drift };
  };

  /** The account first, so that nobody writes behind the removal; what says whose it was goes last. */
  const removeAll = async (found: readonly StreamInfo[], resource: Resource, { timed }: TimedCall) => {
    for (const each of found) {
      const owner = ownerOf(each);
      if (owner !== undefined) await accounts.remove(resource, owner, timed);
      await drop(streams, each.config.name, timed);
    }
  };

  const ensure = async (resource: Resource, call: TimedCall): Promise<{ identity: string }> => {
    const found = await look(streams, resource, call);
    const seen = judge(found, resource, call);
    if (seen.state === "foreign") throw foreignStream(resource, seen.because);
    await refuseTooLarge(streams, resource, call.timed);
    await removeAll(found.dead, resource, call);
    if (seen.state === "drifted") await mend(streams, resource, seen, call);
    if (found.own === undefined) await create(streams, resource, call);
    const { own } = await look(streams, resource, call);
    if (own === undefined) {
      throw new PrismError("BACKEND_UNAVAILABLE", `stream ${resource.name} does not show after it was made`);
    }
    return { identity: identityOf(own) };
  };

  return bounded("NATS", deadlineMs, {
    kind: "nats",
    observe: async (resource, call) => {
      known(resource);
      return observe(resource, call);
    },

    async ensure(resource, call) {
      known(resource);
      const { identity } = await ensure(resource, call);
      return { identity, login: await accounts.ensure(resource, call.owner, call.timed) };
    },

    async remove(resource, call) {
      known(resource);
      const found = await look(streams, resource, call);
      if (judge(found, resource, call).state === "foreign") return { removed: false };
      await accounts.remove(resource, call.owner, call.timed);
      await removeAll([...(found.own === undefined ? [] : [found.own]), ...found.dead], resource, call);
      return { removed: true };
    },

    async list(timed) {
      const found = await streams("list its streams", timed, (api) => all(api.streams.list()));
      return found.map((stream) => {
        const [{ name }, owner] = [stream.config, ownerOf(stream)];
        // As the plan calls it: the number of its life is in the owner.
        const planned = owner === undefined ? name : name.replace(natsStream("", owner), "");
        return { backend: "nats", kind: "stream", name: planned, identity: identityOf(stream), owner };
      });
    },

    async health(timed) {
      await streams("answer", timed, (api) => api.getAccountInfo());
    },

    usage: (timed) =>
      streams("tell about itself", timed, async (api, { info }) => {
        const { storage, streams: count } = await api.getAccountInfo();
        return { version: info?.version ?? null, used: { bytes: storage, streams: count } };
      }),
    async close() {
      await Promise.all([close(), accounts.close()]);
    },
  });
}

function known(resource: Resource): void {
  if (resource.kind === "stream") return;
  throw new PrismError("UNIMPLEMENTED", `this build makes no ${resource.kind} in NATS yet`);
}

/** What there is on the namespace's subjects, by what it is to the caller. */
type Found = {
  readonly own: StreamInfo | undefined;
  readonly dead: readonly StreamInfo[];
  readonly foreign: StreamInfo | undefined;
  readonly because: string;
};

async function look(streams: Streams, resource: Resource, call: TimedCall): Promise<Found> {
  const base = planOf(resource).subject.replace(/\.[>*]$/, "");
  // All that would take messages of the namespace, whatever it is called.
  const listed = await streams(`list streams on ${base}`, call.timed, (api) =>
    all(api.streams.list(`${base}.>`)),
  );
  let [own, foreign, because]: [StreamInfo | undefined, StreamInfo | undefined, string] = [
    undefined,
    undefined,
    "",
  ];
  const dead: StreamInfo[] = [];
  for (const each of listed) {
    const other = standing(ownerOf(each), identityOf(each), call);
    if (other === undefined && each.config.name === natsStream(resource.name, call.owner)) own = each;
    else if (other?.state === "dead") dead.push(each);
    else if (other?.state === "foreign") [foreign, because] = [each, other.because];
  }
  return { own, dead, foreign, because };
}

async function all<T>(lister: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const each of lister) found.push(each);
  return found;
}

function judge({ own, dead, foreign, because }: Found, resource: Resource, call: TimedCall): Observed {
  if (foreign !== undefined) return { state: "foreign", identity: identityOf(foreign), because };
  const [left] = dead;
  if (own === undefined && left === undefined) return { state: "absent" };
  if (own === undefined && left !== undefined) {
    const life = ownerOf(left)?.incarnation;
    return { state: "dead", identity: identityOf(left), because: `it is of life ${life} of the namespace` };
  }
  if (own === undefined) return { state: "absent" };
  const identity = identityOf(own);
  const drift = [
    ...streamDrift(own, resource, call.owner),
    ...dead.map(({ config }) => ({ field: `stream ${config.name}`, planned: "absent", actual: "there" })),
  ];
  return drift.length === 0 ? { state: "ready", identity } : { state: "drifted", identity, drift };
}

/** What a server takes no message of, no stream of it can hold: its limit goes before any stream's. */
async function refuseTooLarge(streams: Streams, resource: Resource, timed: Timed): Promise<void> {
  const { max_message_size: size } = planOf(resource);
  const most = await streams("say what it takes", timed, async (_, { info }) => info?.max_payload);
  if (most === undefined || bytes(size) <= most) return;
  throw new PrismError(
    "INVALID_CONFIGURATION",
    `NATS takes messages of at most ${printSize(most)} (max_payload), and ${resource.name} would hold some of ${size}`,
    {
      details: {
        field: "needs.max_message_size",
        limit: printSize(most),
        recommendation: "Have larger payloads kept by claim-check, or raise max_payload of the server",
      },
    },
  );
}

async function create(streams: Streams, resource: Resource, { owner, timed }: TimedCall): Promise<void> {
  const config = streamConfig(resource, owner);
  try {
    await streams(`make stream ${config.name}`, timed, (api) =>
      // Losing the race against our own zombie attempt is success: who looks afterwards sees it.
      api.streams.add(config).catch(unless(nameInUse)),
    );
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof JetStreamApiError && cause.apiError().err_code === subjectsOverlap) {
      throw foreignStream(resource, "another stream takes its subjects");
    }
    throw error;
  }
}

async function mend(
  streams: Streams,
  resource: Resource,
  { drift }: Extract<Observed, { state: "drifted" }>,
  { owner, timed }: TimedCall,
): Promise<void> {
  const stuck = drift.find(({ field }) => lasting.includes(field));
  if (stuck !== undefined) {
    const { field, planned, actual } = stuck;
    const message = `stream ${resource.name} has ${field} ${actual} instead of ${planned}: it would have to be made anew`;
    throw new PrismError("MIGRATION_REQUIRED", message);
  }
  const { name, ...config } = streamConfig(resource, owner);
  const nowhere = { republish: undefined, sources: undefined };
  await streams(`set up stream ${name}`, timed, (api) =>
    api.streams.update(name, { ...config, ...nowhere } as unknown as Partial<StreamUpdateConfig>),
  );
}

async function drop(streams: Streams, name: string, timed: Timed): Promise<void> {
  await streams(`delete stream ${name}`, timed, (api) =>
    api.streams.delete(name).catch(unless(streamNotFound)),
  );
}

/** Takes one of JetStream's numbers for an answer. */
const unless =
  (code: number) =>
  (error: unknown): undefined => {
    if (error instanceof JetStreamApiError && error.apiError().err_code === code) return undefined;
    throw error;
  };

const foreignStream = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `stream '${resource.name}' in NATS is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
