import { fileURLToPath } from "node:url";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { QueueService } from "../proto/gen/prism/v1/queue_pb.js";
import { callsAtOnce } from "./crowding.ts";
import { queueDefinition } from "./queue.ts";
import { wideReceiveWindows } from "./receive-windows.ts";

export type ServerOptions = {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly queue: UntypedServiceImplementation;
};

export interface GrpcServer {
  readonly port: number;
  /** What grpc.health.v1.Health answers, for the server and for its services. */
  setServing(serving: boolean): void;
  /** Lets calls under way end, at most `withinMs`. */
  close(withinMs: number): Promise<void>;
}

const protoFolder = fileURLToPath(new URL("../proto/", import.meta.url));
const protoFiles = ["prism/v1/queue.proto"];
// Above what a namespace may allow inline, so that it is Prism that refuses, and says why.
const messageBytes = 16 * 1024 * 1024;
// A consumer that has vanished without a word holds messages: find out.
const keepaliveMs = 20_000;
const mostInvalidFrames = 2 ** 31;

/** prism.v1, health and reflection on one port. */
export async function grpcServer({ host, port, queue }: ServerOptions): Promise<GrpcServer> {
  const server = new Server({
    "grpc.max_receive_message_length": messageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": callsAtOnce,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveMs / 2,
    // Its books of every call and message, which nobody here reads.
    "grpc.enable_channelz": 0,
  });
  bearRefusals(server);
  server.addService(queueDefinition, queue);
  const names = ["", QueueService.typeName];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "NOT_SERVING"])));
  health.addToServer(server);
  const definitions = loadSync(protoFiles, { includeDirs: [protoFolder], keepCase: true });
  new ReflectionService(definitions).addToServer(server);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, actual) =>
      error === null ? resolve(actual) : reject(error),
    );
  });

  const narrow = wideReceiveWindows();

  return {
    port: bound,
    setServing(serving) {
      for (const name of names) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
    },
    close: (withinMs) =>
      new Promise((resolve) => {
        narrow();
        const timer = setTimeout(() => server.forceShutdown(), withinMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
        setTimeout(resolve, withinMs + 100).unref();
      }),
  };
}

/**
 * Node counts as invalid what comes above a limit that a client has not heard of yet, and ends a connection after a
 * thousand of that: with it the calls that were let in. grpc-js has no option for it.
 */
function bearRefusals(server: Server): void {
  const { commonServerOptions } = server as unknown as { readonly commonServerOptions: object };
  Object.assign(commonServerOptions, { maxSessionInvalidFrames: mostInvalidFrames });
}
