import { Server, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { ProbeService } from "../proto/gen/prism/control/v1/control_pb.js";
import { grpcService } from "../proto/grpc.ts";
import { forPeers, type Identity } from "../runtime/mutual-tls.ts";

export type ProbeServerOptions = {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly identity: Identity;
  readonly probe: UntypedServiceImplementation;
};

/** The control plane's way in: a port of its own, since clients show tokens and the control plane a certificate. */
export async function probeServer({ host, port, identity, probe }: ProbeServerOptions) {
  const server = new Server();
  server.addService(grpcService(ProbeService), probe);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, forPeers(identity), (error, actual) =>
      error === null ? resolve(actual) : reject(error),
    );
  });
  return { port: bound, close: () => server.forceShutdown() };
}
