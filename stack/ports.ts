import { createServer, type Server } from "node:net";
import type { Ports, PortWishes } from "./server.ts";

// Below the range from which the kernel takes ports for outgoing connections, so that
// nobody's connection sits down on a port between our look and the server's start.
const firstPort = 20_000;
const portCount = 12_000;
const sliceSize = 50;

type Slice = { next: number; readonly end: number };

/** Ports that no other process hands out: as long as this one lives, it listens on the one before them. */
let slice: Slice | undefined;

/** Free ports on loopback, the wished for where they are free. */
export async function freePorts(wishes: PortWishes): Promise<Ports> {
  const ports: Record<string, number> = {};
  for (const [name, wish] of Object.entries(wishes)) ports[name] = await freePort(wish);
  return ports;
}

/**
 * No port is answered twice, by this process or another, unless it was wished for and is still free: between our
 * look and the server's start lie seconds in which nobody sits on it.
 */
export async function freePort(wish?: number): Promise<number> {
  if (wish !== undefined && (await isFree(wish))) return wish;
  for (let attempt = 0; attempt < portCount; attempt++) {
    if (slice === undefined || slice.next === slice.end) slice = await freeSlice();
    const port = slice.next++;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${firstPort} and ${firstPort + portCount}`);
}

async function freeSlice(): Promise<Slice> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const first = firstPort + sliceSize * Math.floor((Math.random() * portCount) / sliceSize);
    const listening = await listener(first);
    if (listening === undefined) continue;
    listening.unref();
    return { next: first + 1, end: first + sliceSize };
  }
  throw new Error(`others have all ports between ${firstPort} and ${firstPort + portCount}`);
}

export async function isFree(port: number): Promise<boolean> {
  const probe = await listener(port);
  if (probe === undefined) return false;
  await new Promise((resolve) => probe.close(resolve));
  return true;
}

const listener = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
