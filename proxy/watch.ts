import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ChannelCredentials, Client, type ClientDuplexStream, Metadata } from "@grpc/grpc-js";
import {
  DirectoryService,
  State,
  type Status,
  StatusSchema,
  type WatchNamespacesRequest,
  WatchNamespacesRequestSchema,
  type WatchNamespacesResponse,
} from "../proto/gen/prism/control/v1/control_pb.js";
import { grpcMethod } from "../proto/grpc.ts";
import type { Log } from "../runtime/log.ts";
import { peerChannel } from "../runtime/mutual-tls.ts";
import type { Condition } from "./condition.ts";
import type { Directory } from "./directory.ts";
import type { DiskCopy } from "./disk-copy.ts";
import type { Drainage } from "./drainage.ts";
import type { directorySteps, Failpoint } from "./failpoint.ts";
import type { Lease } from "./lease.ts";
import { patternVersions } from "./patterns/built.ts";
import type { Served } from "./served.ts";

export type WatchOptions = {
  readonly controlAddress: string;
  /** What this proxy shows the control plane, and how it knows it. */
  readonly credentials: ChannelCredentials;
  readonly proxy: string;
  readonly shard: string;
  /** host:port as clients reach this proxy. */
  readonly address: string;
  /** host:port as the control plane reaches its probe. */
  readonly probeAddress: string;
  readonly region: string;
  readonly directory: Directory<Served>;
  readonly lease: Lease;
  readonly copy: DiskCopy;
  readonly condition: () => Condition;
  readonly drainage: Pick<Drainage, "set" | "underWay">;
  readonly failpoint: Failpoint;
  readonly log: Log;
};

/** With the version that a restart would bring back: no other may be acknowledged. `leaving`: none is to come back. */
type Watching = WatchOptions & { durable: bigint; leaving: boolean };

export interface Watch {
  readonly connected: boolean;
  /**
   * Says goodbye, so that nobody waits for this proxy's acknowledgements any longer: it has to refuse already.
   * A restart then serves nothing until it is heard again. Where nobody hears it, a restart serves what is known.
   */
  close(): Promise<void>;
}

const firstRetryMs = 100;
const lastRetryMs = 3_000;
// The channel waits by itself, up to two minutes unless told otherwise, and refuses all retries meanwhile.
const channel = {
  ...peerChannel,
  "grpc.initial_reconnect_backoff_ms": firstRetryMs,
  "grpc.max_reconnect_backoff_ms": 1_000,
};
// Before the first lease, and while namespaces drain: somebody waits for the numbers.
const eagerMs = 250;
const silenceMs = 5_000;
// How much a restart may think its lease shorter than it was: a write costs an fsync.
const saveLeaseMs = 4_000;
const goodbyeMs = 500;

/** Obeys the control plane: applies what it says, keeps a copy on disk, then says so. Never gives up. */
export function watch(given: WatchOptions): Watch {
  // What it has now, it has from there.
  const options: Watching = { ...given, durable: given.directory.version, leaving: false };
  const { copy, lease, log } = options;
  const client = new Client(options.controlAddress, options.credentials, channel);
  let closed = false;
  let connected = false;
  let failures = 0;
  let leave = async (): Promise<void> => {};
  let retry: NodeJS.Timeout | undefined;

  const connect = (): void => {
    if (closed) return;
    const call = open(client);
    const talk = conversation(call, options);
    leave = () =>
      new Promise((resolve) => {
        call.once("status", () => resolve());
        talk.end();
        call.write(create(WatchNamespacesRequestSchema, { request: { case: "goodbye", value: {} } }));
        call.end();
        setTimeout(resolve, goodbyeMs).unref();
      });
    call.on("data", (response: WatchNamespacesResponse) => {
      if (!connected) log.info({ address: options.controlAddress }, "the control plane answers");
      connected = true;
      failures = 0;
      talk.hear(response);
    });
    const ended = (why: string): void => {
      talk.end();
      lease.forgetQuestions();
      if (connected || failures === 0)
        log.warn({ error: why }, "without the control plane: serving what is known");
      connected = false;
      clearTimeout(retry);
      if (!closed) retry = setTimeout(connect, backoffMs(failures++));
    };
    call.on("error", (error) => ended(error.message));
    call.on("end", () => ended("the stream has ended"));
    talk.begin();
  };

  connect();
  return {
    get connected() {
      return connected;
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      options.leaving = connected;
      // Before it is said: from then on nobody waits, whatever becomes of this process.
      if (connected) await copy.forget();
      // It may have been cut off meanwhile.
      options.leaving = connected;
      if (connected) await leave();
      else if (options.directory.known) await saveCopy(options, leaseUntilMs(lease));
      client.close();
    },
  };
}

// Spread, so that a restarted control plane is not met by all proxies at once.
const backoffMs = (failures: number): number =>
  Math.random() * Math.min(lastRetryMs, firstRetryMs * 2 ** failures) + firstRetryMs / 2;

type Call = ClientDuplexStream<WatchNamespacesRequest, WatchNamespacesResponse>;

function open(client: Client): Call {
  const method = grpcMethod(DirectoryService.method.watchNamespaces);
  return client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    new Metadata(),
  ) as unknown as Call;
}

/** One connection's talk: hello, then a status for every version put into force and at least every third of a lease. */
function conversation(call: Call, options: Watching) {
  const { directory, drainage, lease, log } = options;
  let last = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let savedUntilMs = Number.NEGATIVE_INFINITY;

  const say = (request: MessageInitShape<typeof WatchNamespacesRequestSchema>["request"]): void => {
    if (!ended) call.write(create(WatchNamespacesRequestSchema, request === undefined ? {} : { request }));
  };

  const report = (): void => {
    clearTimeout(timer);
    if (ended) return;
    // A control plane that takes statuses and answers none is no longer one: look for another connection.
    if (lease.waitingMs() > Math.max(silenceMs, lease.durationMs)) {
      call.cancel();
      return;
    }
    lease.asked();
    say({ case: "status", value: statusOf(options) });
    const isAwaited = drainage.underWay() !== undefined || directory.all().some(isLeaving);
    timer = setTimeout(report, lease.durationMs === 0 || isAwaited ? eagerMs : lease.durationMs / 3);
    timer.unref();
  };

  const save = (): Promise<void> => {
    savedUntilMs = leaseUntilMs(lease);
    return saveCopy(options, savedUntilMs);
  };

  const apply = async (response: WatchNamespacesResponse["response"]): Promise<void> => {
    const taking = async (step: (typeof directorySteps)[number], take: () => Promise<void> | void) => {
      for (const namespace of changedBy(response)) options.failpoint(step, "before", namespace);
      await take();
      for (const namespace of changedBy(response)) options.failpoint(step, "after", namespace);
    };
    await taking("put-into-force", () => {
      if (response.case === "snapshot") directory.replace(response.value);
      if (response.case === "change") directory.change(response.value);
    });
    // First on disk, then acknowledged: a restart must not bring back what was revoked.
    await taking("save", save);
    log.debug({ version: String(directory.version) }, "directory version in force");
    await taking("send-status", report);
  };

  return {
    begin(): void {
      const { proxy, shard, address, probeAddress, region } = options;
      const lastVersion = knownTo(directory).version;
      say({
        case: "hello",
        value: { proxy, shard, address, probeAddress, region, lastVersion, patterns: { ...patternVersions } },
      });
    },
    hear({ response }: WatchNamespacesResponse): void {
      if (response.case === "lease") {
        lease.granted(response.value.durationMs, response.value.proxies);
        drainage.set(response.value.draining);
        if (leaseUntilMs(lease) - savedUntilMs > saveLeaseMs) last = last.then(save).catch(failed);
        return;
      }
      if (response.case === "snapshot") lease.expect();
      last = last.then(() => apply(response)).catch(failed);
    },
    end(): void {
      ended = true;
      clearTimeout(timer);
    },
  };

  function failed(error: unknown): void {
    // Not acknowledged: the control plane sees an old version, and the next connection takes a snapshot.
    log.error({ error: String(error) }, "could not put a directory version into force");
    call.cancel();
  }
}

const changedBy = (response: WatchNamespacesResponse["response"]): readonly string[] =>
  response.case === "change"
    ? [...response.value.entries.map(({ namespace }) => namespace), ...response.value.removed]
    : [];

async function saveCopy(options: Watching, untilMs: number): Promise<void> {
  if (options.leaving) return;
  const { version } = options.directory;
  await options.copy.save({ snapshot: knownTo(options.directory), leaseUntilMs: untilMs });
  if (version > options.durable) options.durable = version;
}

/** By the wall clock, the only one that outlives a process. */
const leaseUntilMs = (lease: Lease): number => Date.now() + lease.remainingMs();

/** With something refused it is not the whole of its version: asking for changes only would never bring it again. */
function knownTo(directory: Directory<Served>) {
  const snapshot = directory.snapshot();
  return directory.refused.size === 0 ? snapshot : { ...snapshot, version: 0n };
}

/** Somebody waits until what it has taken is answered. */
const isLeaving = ({ entry }: Served): boolean =>
  entry.state === State.DRAINING || entry.state === State.MOVED;

function statusOf({ directory, condition, drainage, durable }: Watching): Status {
  const { load, healthy } = condition();
  const inFlight: Record<string, number> = {};
  for (const { entry, calls } of directory.all().filter(isLeaving)) inFlight[entry.namespace] = calls.open;
  const underWay = drainage.underWay();
  return create(StatusSchema, {
    appliedVersion: durable,
    ...(underWay === undefined ? {} : { underWay }),
    load,
    healthy,
    inFlight,
    refused: Object.fromEntries(directory.refused),
  });
}
