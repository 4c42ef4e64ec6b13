import {
  create,
  type DescMethod,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientWritableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { ErrorInfoSchema } from "../../proto/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../proto/gen/google/rpc/status_pb.js";
import { grpcMethod } from "../../proto/grpc.ts";
import { peerChannel } from "../../runtime/mutual-tls.ts";

/** What any gRPC client sees of a refusal. */
export type Refusal = {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly details: Record<string, string>;
};

export function refusalOf(error: ServiceError): Refusal {
  const bytes = error.metadata?.get("grpc-status-details-bin")[0];
  const [detail] = bytes instanceof Uint8Array ? fromBinary(StatusSchema, bytes).details : [];
  const info = detail && anyUnpack(detail, ErrorInfoSchema);
  return {
    status: status[error.code] ?? "",
    reason: info?.reason ?? "",
    message: error.details,
    details: info?.metadata ?? {},
  };
}

/** Calls as a program in any language would make them, without our SDK. */
export function rawClient(
  address: string,
  entries: Readonly<Record<string, string>>,
  channel: ChannelCredentials = credentials.createInsecure(),
) {
  const client = new Client(address, channel, peerChannel);
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return {
    unary<Method extends DescMethodUnary>(
      method: Method,
      init: MessageInitShape<Method["input"]>,
    ): Promise<unknown> {
      const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
      return new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          create(method.input, init as never),
          metadata,
          (error, response) => (error ? reject(error) : resolve(response)),
        ),
      );
    },
    /** The refusal a call is answered with. */
    async refused<Method extends DescMethodUnary>(
      method: Method,
      init: MessageInitShape<Method["input"]>,
    ): Promise<Refusal> {
      try {
        await this.unary(method, init);
      } catch (error) {
        return refusalOf(error as ServiceError);
      }
      throw new Error(`${method.name} was not refused`);
    },
    stream<Out>(method: DescMethod): ClientDuplexStream<unknown, Out> {
      const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
      return client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize as never,
        metadata,
      ) as never;
    },
    upload<Out>(method: DescMethod, answered: (error: ServiceError | null, response?: Out) => void) {
      const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
      return client.makeClientStreamRequest(
        path,
        requestSerialize as never,
        responseDeserialize as unknown as (bytes: Buffer) => Out,
        metadata,
        answered,
      ) as unknown as ClientWritableStream<unknown>;
    },
    subscribe<Out>(method: DescMethod, request: unknown) {
      const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
      return client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize as unknown as (bytes: Buffer) => Out,
        request as never,
        metadata,
      );
    },
    /** A bidirectional stream of messages as they are on the wire. */
    bytes(path: string): ClientDuplexStream<Buffer, Buffer> {
      const call = client.makeBidiStreamRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        metadata,
      );
      call.on("error", () => {});
      return call;
    },
    close: () => client.close(),
  };
}
