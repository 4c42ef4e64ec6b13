import { create } from "@bufbuild/protobuf";
import { Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { ProxyLease } from "../control/leases.ts";
import { PrismError } from "../domain/errors.ts";
import {
  ProbeRequestSchema,
  type ProbeResponse,
  ProbeService,
} from "../proto/gen/prism/control/v1/control_pb.js";
import { grpcMethod } from "../proto/grpc.ts";
import { type Identity, peerChannel, toPeer } from "../runtime/mutual-tls.ts";
import { samePeer } from "../runtime/peer.ts";

export type Probe = (
  proxy: Pick<ProxyLease, "proxy" | "shard" | "probeAddress">,
  target: { readonly namespace: string; readonly incarnation: number },
  signal: AbortSignal,
) => Promise<{ messageId: string; tookMs: number }>;

// Shorter than the activity's own limit, so that no attempt outlives its successor.
const deadlineMs = 15_000;

/** Asks a proxy, and no other that may listen in its place, for a real round trip through a namespace. */
export function probe(identity: Identity): Probe {
  return async ({ proxy, shard, probeAddress }, target, signal) => {
    const meant = toPeer(identity, (peer) => samePeer(peer, { role: "proxy", shard, id: proxy }));
    const client = new Client(probeAddress, meant, peerChannel);
    try {
      const { messageId, tookMs } = await ask(client, target, signal);
      return { messageId, tookMs };
    } catch (cause) {
      const { details } = cause as Partial<ServiceError>;
      throw new PrismError(
        "NAMESPACE_NOT_READY",
        `no probe came back from ${proxy}: ${details ?? String(cause)}`,
        {
          cause,
        },
      );
    } finally {
      client.close();
    }
  };
}

function ask(
  client: Client,
  target: { namespace: string; incarnation: number },
  signal: AbortSignal,
): Promise<ProbeResponse> {
  const { path, requestSerialize, responseDeserialize } = grpcMethod(ProbeService.method.probe);
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      create(ProbeRequestSchema, target),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, response) => (error === null && response ? resolve(response as ProbeResponse) : reject(error)),
    );
    signal.addEventListener("abort", () => call.cancel(), { once: true });
  });
}
