import { Server, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";

// A process of its own, as a proxy is one: what gRPC costs here when nothing is done with a call.
const server = new Server();
const bytes = (value: Buffer): Buffer => value;
const echo = {
  path: "/echo/Echo",
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
// As short as a publish's answer.
const answer = Buffer.alloc(64);
const handle = (_: unknown, callback: (error: null, value: Buffer) => void): void => callback(null, answer);
server.addService({ echo }, { echo: handle as unknown as UntypedHandleCall });
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
process.once("disconnect", () => process.exit(0));
