import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { Shoot, Shot, Shots } from "./h2load.ts";
import { load, steady } from "./load.ts";

/** The same load from this process: a client in Node, which takes a share of the cores that h2load does not. */
export const unaryLoad: Shoot = (shot, shots) => unary(shot, () => shot.message)(shots);

/** Calls made by this process, each with the message that is made for it. */
export function unary({ address, path, headers }: Omit<Shot, "message">, message: () => Uint8Array) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const whileOpen = async <T>(body: (call: () => Promise<void>) => Promise<T>): Promise<T> => {
    const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
    const call = () =>
      new Promise<void>((resolve, reject) =>
        client.makeUnaryRequest(path, asBuffer, asBuffer, message(), metadata, (error) =>
          error === null ? resolve() : reject(error),
        ),
      );
    try {
      return await body(call);
    } finally {
      client.close();
    }
  };
  const shoot = ({ calls, inFlight }: Shots) => whileOpen((call) => load({ calls, callers: inFlight }, call));
  return Object.assign(shoot, {
    steady: (shape: { perSecond: number; calls: number }) => whileOpen((call) => steady(shape, call)),
  });
}

const asBuffer = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.byteLength);
