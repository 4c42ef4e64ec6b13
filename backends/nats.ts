import { JetStreamApiError, type StreamInfo, type StreamUpdateConfig } from "@nats-io/jetstream";
import { PrismError } from "../domain/errors.ts";
import type { Resource } from "../domain/plan.ts";
import { loginKind, type Thing } from "../domain/reconcile/thing.ts";
import { bytes, printSize } from "../domain/request/size.ts";
import type { Backend, Observed } from "./backend.ts";
import type { Logins } from "./logins.ts";
import { type NatsTrust, natsAccounts } from "./nats-account.ts";
import { natsConnection, type Streams } from "./nats-connection.ts";
import { all, judge, look, streamNotFound, unless } from "./nats-found.ts";
import { accountOf, identityOf, ownerOf, planOf, streamConfig } from "./nats-stream.ts";
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

const nameInUse = 10_058;
const subjectsOverlap = 10_065;
type Config = ReturnType<typeof streamConfig>;
/** Fields that JetStream lets nobody change afterwards. */
const lasting = ["storage", "retention", "mirror", "sealed", "name", "deny_delete"];

/** A namespace in NATS is a stream of subjects that begin with its name and the number of its life. */
export function nats(options: NatsOptions): Backend {
  const { url, deadlineMs } = options;
  const { streams, close } = natsConnection(url, deadlineMs);
  const accounts = natsAccounts(options);

  const observe = async (resource: Resource, call: TimedCall): Promise<Observed> => {
    const { owner, timed } = call;
    const account = accounts.named(resource, owner);
    const seen = judge(await look(streams, resource, call), resource, call, account);
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

  /** An account that was made for it by another secret of the platform. */
  const forgetFormer = async (stream: StreamInfo, account: string | undefined, timed: Timed) => {
    const noted = accountOf(stream);
    if (noted !== undefined && noted !== account) await accounts.forget(noted, timed);
  };

  /** The account first, so that nobody writes behind the removal; what says whose it was goes last. */
  const removeAll = async (found: readonly StreamInfo[], resource: Resource, { timed }: TimedCall) => {
    for (const each of found) {
      const owner = ownerOf(each);
      if (owner !== undefined) await accounts.remove(resource, owner, timed);
      await forgetFormer(each, undefined, timed);
      await drop(streams, each.config.name, timed);
    }
  };

  const ensure = async (resource: Resource, call: TimedCall): Promise<{ identity: string }> => {
    const found = await look(streams, resource, call);
    const account = accounts.named(resource, call.owner);
    const seen = judge(found, resource, call, account);
    if (seen.state === "foreign") throw foreignStream(resource, seen.because);
    await refuseTooLarge(streams, resource, call.timed);
    await removeAll(found.dead, resource, call);
    const config = streamConfig(resource, call.owner, account);
    // Before the note of it is written over.
    if (found.own !== undefined) await forgetFormer(found.own, account, call.timed);
    if (seen.state === "drifted") await mend(streams, resource, config, seen, call.timed);
    if (found.own === undefined) await create(streams, resource, config, call.timed);
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
      if (resource.kind === loginKind) {
        const { owner, claim, timed } = call;
        return { removed: await accounts.removeOurs(resource.name, claim.identity, owner, timed) };
      }
      known(resource);
      const found = await look(streams, resource, call);
      if (judge(found, resource, call).state === "foreign") return { removed: false };
      await accounts.remove(resource, call.owner, call.timed);
      await removeAll([...(found.own === undefined ? [] : [found.own]), ...found.dead], resource, call);
      return { removed: true };
    },

    async measure(resource, { owner, timed }) {
      known(resource);
      const name = natsStream(resource.name, owner);
      const found = await streams(`measure stream ${name}`, timed, (api) =>
        api.streams.info(name).catch(unless(streamNotFound)),
      );
      return { bytes: found?.state.bytes ?? 0, estimated: false };
    },

    async list(timed) {
      const found = await streams("list its streams", timed, (api) => all(api.streams.list()));
      const listed = found.map((stream): Thing => {
        const [{ name }, owner] = [stream.config, ownerOf(stream)];
        // As the plan calls it: the number of its life is in the owner.
        const planned = owner === undefined ? name : name.replace(natsStream("", owner), "");
        return { backend: "nats", kind: "stream", name: planned, identity: identityOf(stream), owner };
      });
      return [...listed, ...(await accounts.list(timed))];
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

async function create(streams: Streams, resource: Resource, config: Config, timed: Timed): Promise<void> {
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
  { name, ...config }: Config,
  { drift }: Extract<Observed, { state: "drifted" }>,
  timed: Timed,
): Promise<void> {
  const stuck = drift.find(({ field }) => lasting.includes(field));
  if (stuck !== undefined) {
    const { field, planned, actual } = stuck;
    const message = `stream ${resource.name} has ${field} ${actual} instead of ${planned}: it would have to be made anew`;
    throw new PrismError("MIGRATION_REQUIRED", message);
  }
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

const foreignStream = (resource: Resource, because: string): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `stream '${resource.name}' in NATS is not Prism's: ${because}`, {
    details: { field: "namespace", recommendation: "Choose a different namespace name" },
  });
