import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { v7 } from "uuid";
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
import { messageOf, positionOf } from "./record.ts";
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
  const sent = { id: v7(), payload: randomBytes(32) };
  const { offset } = await served.publish({
    ...sent,
    topic,
    key: "",
    metadata: {},
    publishedAtMs: Date.now(),
    headers: {},
  });
  await checkReturned(served, sent, offset);
  return create(ProbeResponseSchema, {
    messageId: sent.id,
    offset,
    tookMs: Math.ceil(performance.now() - startedAt),
  });
}

/** Reads that very record, and not merely some: a probe that was not compared proves nothing. */
async function checkReturned(
  { backend, entry }: Served,
  sent: { readonly id: string; readonly payload: Uint8Array },
  offset: string,
): Promise<void> {
  const position = positionOf(offset);
  const record = position && (await backend.read(position, AbortSignal.timeout(patienceMs)));
  const returned = position && record && messageOf(record, position);
  const equal = returned?.id === sent.id && Buffer.from(sent.payload).equals(returned.payload);
  if (equal) return;
  const what = returned === undefined ? "nothing came back" : "something else came back";
  throw new PrismError("NAMESPACE_NOT_READY", `a probe was published to '${entry.namespace}' and ${what}`);
}
