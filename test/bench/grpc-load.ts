import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { grpcLoad as program } from "../../stack/grpc-load.ts";
import type { Shoot, Shot } from "./h2load.ts";

/** Where this stands in a message, each call carries a fresh key. */
export const keyPlace = "0".repeat(32);

export type Order = Shot & {
  /** How many calls a connection has open at most. */
  readonly inFlight: number;
  readonly connections?: number;
  /** Of all connections, whether or not earlier calls were answered; left out: as fast as there is room in flight. */
  readonly perSecond?: number;
  /** Keeps to nothing the server says of how many calls may be open. */
  readonly rude?: boolean;
  /** It ends with whichever comes first. */
  readonly calls?: number;
  readonly seconds?: number;
};

export type Report = {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** How many, by grpc-status. */
  readonly answers: Readonly<Record<string, number>>;
  readonly unanswered: number;
  /** Due at the rate asked for, and never sent. */
  readonly unsent: number;
  /** How long each took that succeeded, in rising order. */
  readonly micros: readonly number[];
};

/** Calls from a process in Go that costs a few microseconds each (test/bench/grpc-load). */
export async function grpcLoad(order: Order): Promise<Report> {
  const path = await program(process.env, AbortSignal.timeout(300_000));
  const child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
  const message = Buffer.from(order.message);
  const told = {
    connections: 1,
    ...order,
    message: message.toString("base64"),
    key: message.includes(keyPlace) ? keyPlace : "",
  };
  child.stdin.end(JSON.stringify(told));
  const said = await text(child.stdout);
  if (said === "") throw new Error("grpc-load has ended without a report");
  return JSON.parse(said) as Report;
}

/** As h2load, but that keys are fresh and each answer must be a success of gRPC's, too. */
export const keyedLoad: Shoot = async (shot, { calls, inFlight }) => {
  const { answers, micros, seconds, cpuSeconds } = await grpcLoad({ ...shot, calls, inFlight });
  if (micros.length !== calls)
    throw new Error(`of ${calls} calls: ${JSON.stringify(answers)} by grpc-status`);
  return {
    perSecond: calls / seconds,
    cpuMicros: (cpuSeconds * 1e6) / calls,
    latenciesMs: Float64Array.from(micros, (each) => each / 1_000),
  };
};
