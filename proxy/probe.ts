import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { v7 } from "uuid";
import type { StoredRecord } from "../backends/log.ts";
import { PrismError } from "../domain/errors.ts";
import {
  type ProbeRequest,
  type ProbeResponse,
  ProbeResponseSchema,
} from "../proto/gen/prism/control/v1/control_pb.js";
import type { Log } from "../runtime/log.ts";
import { type Authenticated, callingPeer } from "../runtime/mutual-tls.ts";
import { peerText } from "../runtime/peer.ts";
import type { Directory } from "./directory.ts";
import { grpcStatus } from "./grpc-error.ts";
import { turnOf } from "./log-entry.ts";
import type { Message } from "./message.ts";
import type { Published } from "./patterns/pattern.ts";
import { logPositionOf, messageOf, parseLogOffset, positionOf, recordOf } from "./record.ts";
import type { Served } from "./served.ts";

type ProbeDependencies = {
  readonly directory: Directory<Served>;
  readonly log: Log;
};

// No consumer may subscribe to it, no metric counts it.
const topic = "prism-probe";
const patienceMs = 5_000;
const holdMs = 2_000;

/** prism.control.v1.ProbeService: a message goes through a namespace's chain into its backend, and comes back. */
export const probeService = (deps: ProbeDependencies): UntypedServiceImplementation => ({
  probe(call: ServerUnaryCall<ProbeRequest, ProbeResponse>, callback: sendUnaryData<ProbeResponse>) {
    probe(deps, call, call.request).then(
      (response) => callback(null, response),
      (error: unknown) => {
        deps.log.warn({ namespace: call.request.namespace, error: String(error) }, "the probe has failed");
        callback(grpcStatus(error));
      },
    );
  },
});

async function probe(
  { directory }: ProbeDependencies,
  call: Authenticated,
  { namespace, incarnation }: ProbeRequest,
): Promise<ProbeResponse> {
  const peer = callingPeer(call);
  if (peer?.role !== "control") {
    throw new PrismError("FORBIDDEN", `only the control plane may probe, and this is ${peerText(peer)}`);
  }
  if (directory.get(namespace)?.entry.incarnation !== incarnation) await directory.changed(holdMs);
  const served = directory.get(namespace);
  if (served?.entry.incarnation !== incarnation) {
    const because = directory.refused.get(namespace) ?? "it has not arrived here";
    throw new PrismError("NAMESPACE_NOT_READY", `'${namespace}' cannot be probed: ${because}`);
  }
  const startedAt = performance.now();
  const sent: Message = {
    id: v7(),
    payload: randomBytes(32),
    topic,
    key: "",
    metadata: {},
    publishedAtMs: Date.now(),
    headers: {},
    once: false,
  };
  const published = await served.publish(sent);
  const { offset } = published;
  await checkReturned(served, sent, published);
  return create(ProbeResponseSchema, {
    messageId: sent.id,
    offset,
    tookMs: Math.ceil(performance.now() - startedAt),
  });
}

/** Reads that very record, and not merely some: a probe that was not compared proves nothing. */
async function checkReturned(served: Served, sent: Message, published: Published): Promise<void> {
  const record = await returnedBy(served, sent, published);
  const returned = record && messageOf(record, { partition: 0, offset: record.offset });
  const equal = returned?.id === sent.id && Buffer.from(sent.payload).equals(returned.payload);
  if (equal) return;
  const { entry } = served;
  const what = returned === undefined ? "nothing came back" : "something else came back";
  throw new PrismError("NAMESPACE_NOT_READY", `a probe was published to '${entry.namespace}' and ${what}`);
}

/** The record at the place that was answered; from a log it comes to the backend a moment later. */
async function returnedBy(
  { backend, entry }: Served,
  sent: Message,
  { offset, recordedAtMs = sent.publishedAtMs }: Published,
): Promise<StoredRecord | undefined> {
  const patience = AbortSignal.timeout(patienceMs);
  const inLog = parseLogOffset(offset);
  if (inLog !== undefined) {
    const wanted = { ...recordOf(sent, entry.ordered), turn: turnOf(inLog), timestampMs: recordedAtMs };
    return backend.find(wanted, (record) => logPositionOf(record) === inLog, patience);
  }
  const position = positionOf(offset);
  return position && backend.read(position, patience);
}
