import { create } from "@bufbuild/protobuf";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import {
  ProbeRequestSchema,
  type ProbeResponse,
  ProbeService,
} from "../proto/gen/prism/control/v1/control_pb.js";
import { grpcMethod } from "../proto/grpc.ts";
import { controlMetadata } from "../runtime/control-credential.ts";

export type Probe = (
  address: string,
  target: { readonly namespace: string; readonly incarnation: number },
  signal: AbortSignal,
) => Promise<{ messageId: string; tookMs: number }>;

// Shorter than the activity's own limit, so that no attempt outlives its successor.
const deadlineMs = 15_000;

/** Asks a proxy for a real round trip through a namespace; only the control credential may. */
export function probe(credential: string): Probe {
  return async (address, target, signal) => {
    const client = new Client(address, credentials.createInsecure());
    try {
      const { messageId, tookMs } = await ask(client, credential, target, signal);
      return { messageId, tookMs };
    } catch (cause) {
      const { details } = cause as Partial<ServiceError>;
      throw new PrismError(
        "NAMESPACE_NOT_READY",
        `no probe came back from ${address}: ${details ?? String(cause)}`,
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
  credential: string,
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
      controlMetadata(credential),
      { deadline: Date.now() + deadlineMs },
      (error, response) => (error === null && response ? resolve(response as ProbeResponse) : reject(error)),
    );
    signal.addEventListener("abort", () => call.cancel(), { once: true });
  });
}
