import { once } from "node:events";
import grpc from "@grpc/grpc-js";
import shared from "@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js";
import services from "@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js";
import type {
  AppendReq,
  AppendResp,
  ReadReq,
  ReadResp,
} from "@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js";
import streams from "@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js";

type Stored = {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
};

/**
 * Speaks KurrentDB's protocol as far as the adapter uses it, from memory: appends, reads, catch-up subscriptions.
 * It shows that the adapter and the vendor's client do what we think they do, not that a KurrentDB does.
 */
export async function kurrentdbDouble(): Promise<{ url: string; close(): Promise<void> }> {
  const log: Stored[] = [];
  const heads = new Map<string, bigint>();
  const subscribers = new Set<() => void>();

  const store = (stream: string, event: Pick<Stored, "id" | "type" | "data" | "metadata">): Stored => {
    const revision = (heads.get(stream) ?? -1n) + 1n;
    // As in the real log, positions have gaps.
    const stored = { ...event, stream, revision, position: (log.at(-1)?.position ?? 3_000n) + 137n };
    heads.set(stream, revision);
    log.push(stored);
    return stored;
  };

  const append = (
    call: grpc.ServerReadableStream<AppendReq, AppendResp>,
    answer: grpc.sendUnaryData<AppendResp>,
  ) => {
    const requests: AppendReq[] = [];
    call.on("data", (request: AppendReq) => requests.push(request));
    call.on("end", () => {
      const options = requests[0]?.getOptions();
      const stream = textOf(options?.getStreamIdentifier()?.getStreamName_asU8());
      const proposed = requests.slice(1).flatMap((request) => request.getProposedMessage() ?? []);
      const expected = options?.hasRevision()
        ? BigInt(options.getRevision())
        : options?.hasNoStream()
          ? -1n
          : undefined;
      const actual = heads.get(stream) ?? -1n;
      if (expected !== undefined && expected !== actual) {
        const first = expected + 1n;
        const there = log
          .filter((one) => one.stream === stream && one.revision >= first)
          .slice(0, proposed.length);
        const repeated = proposed.every((one, index) => there[index]?.id === one.getId()?.getString());
        const last = there.at(-1);
        return answer(null, repeated && last ? success(last) : wrongVersion(actual));
      }
      const added = proposed.map((one) =>
        store(stream, {
          id: one.getId()?.getString() ?? "",
          type: one.getMetadataMap().get("type") ?? "",
          data: one.getData_asU8(),
          metadata: one.getCustomMetadata_asU8(),
        }),
      );
      store("$stats-here", {
        id: crypto.randomUUID(),
        type: "$statsCollected",
        data: bytes("{}"),
        metadata: bytes("{}"),
      });
      for (const wake of [...subscribers]) wake();
      const last = added.at(-1);
      if (last !== undefined) answer(null, success(last));
    });
  };

  const read = async (call: grpc.ServerWritableStream<ReadReq, ReadResp>) => {
    const options = call.request.getOptions();
    if (options === undefined) return call.end();
    const passes = filterOf(options);
    if (options.hasSubscription()) return subscribe(call, options, passes);
    const backwards = options.getReadDirection() === 1;
    const found = options.hasStream()
      ? ofStream(options, backwards)
      : ofLog(options, backwards).filter(passes);
    if (found === undefined) {
      const name = options.getStream()?.getStreamIdentifier();
      call.write(
        new streams.ReadResp().setStreamNotFound(
          new streams.ReadResp.StreamNotFound().setStreamIdentifier(name),
        ),
      );
      return call.end();
    }
    const count = Number(options.getCount());
    for (const event of found.slice(0, count)) if (!call.write(response(event))) await once(call, "drain");
    call.end();
  };

  const ofStream = (options: ReadReq.Options, backwards: boolean): readonly Stored[] | undefined => {
    const asked = options.getStream();
    const name = textOf(asked?.getStreamIdentifier()?.getStreamName_asU8());
    if (!heads.has(name)) return undefined;
    const events = log.filter(({ stream }) => stream === name);
    const from = asked?.hasRevision() ? BigInt(asked.getRevision()) : undefined;
    if (backwards)
      return events.filter(({ revision }) => from === undefined || revision <= from).toReversed();
    return events.filter(({ revision }) => revision >= (from ?? 0n));
  };

  /** Forwards the position is included, backwards it is not. */
  const ofLog = (options: ReadReq.Options, backwards: boolean): readonly Stored[] => {
    const from = positionOf(options);
    if (backwards) return log.filter(({ position }) => from === undefined || position < from).toReversed();
    return log.filter(({ position }) => position >= (from ?? 0n));
  };

  const subscribe = async (
    call: grpc.ServerWritableStream<ReadReq, ReadResp>,
    options: ReadReq.Options,
    passes: (event: Stored) => boolean,
  ) => {
    let seen = positionOf(options) ?? 0n;
    let wake = () => {};
    const rouse = () => wake();
    subscribers.add(rouse);
    call.on("cancelled", () => {
      subscribers.delete(rouse);
      rouse();
    });
    call.write(
      new streams.ReadResp().setConfirmation(
        new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId("s"),
      ),
    );
    while (!call.cancelled && !call.destroyed) {
      for (const event of log.filter(({ position }) => position > seen)) {
        seen = event.position;
        if (!call.write(passes(event) ? response(event) : checkpoint(seen)))
          await once(call, "drain").catch(() => {});
        if (call.cancelled) return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (call.cancelled || (log.at(-1)?.position ?? 0n) > seen) resolve();
      });
    }
  };

  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(services.StreamsService, { append, read });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    url: `kurrentdb://127.0.0.1:${port}?tls=false`,
    close: async () => server.forceShutdown(),
  };
}

const textOf = (name: Uint8Array | undefined): string => Buffer.from(name ?? []).toString("utf8");
const bytes = (text: string): Uint8Array => Buffer.from(text);

function positionOf(options: ReadReq.Options): bigint | undefined {
  const all = options.getAll();
  return all?.hasPosition() ? BigInt(all.getPosition()?.getCommitPosition() ?? 0) : undefined;
}

function filterOf(options: ReadReq.Options): (event: Stored) => boolean {
  const filter = options.getFilter();
  const on = filter?.hasEventType() ? "type" : "stream";
  const expression = filter?.hasEventType() ? filter.getEventType() : filter?.getStreamIdentifier();
  if (expression === undefined) return () => true;
  const prefixes = expression.getPrefixList();
  const regex = new RegExp(expression.getRegex());
  return (event) =>
    prefixes.length > 0 ? prefixes.some((prefix) => event[on].startsWith(prefix)) : regex.test(event[on]);
}

function response(event: Stored): ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(bytes(event.stream)))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(String(event.position))
    .setPreparePosition(String(event.position))
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  recorded
    .getMetadataMap()
    .set("type", event.type)
    .set("created", "0")
    .set("content-type", "application/json");
  const read = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(event.position));
  return new streams.ReadResp().setEvent(read);
}

const checkpoint = (position: bigint): ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint()
      .setCommitPosition(String(position))
      .setPreparePosition(String(position)),
  );

const success = ({ revision, position }: Stored): AppendResp =>
  new streams.AppendResp().setSuccess(
    new streams.AppendResp.Success()
      .setCurrentRevision(String(revision))
      .setPosition(
        new streams.AppendResp.Position()
          .setCommitPosition(String(position))
          .setPreparePosition(String(position)),
      ),
  );

function wrongVersion(actual: bigint): AppendResp {
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (actual < 0n) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(actual));
  return new streams.AppendResp().setWrongExpectedVersion(wrong);
}
