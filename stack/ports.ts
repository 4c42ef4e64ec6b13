import { createServer } from "node:net";
import type { Ports, PortWishes } from "./server.ts";

// Below the range from which the kernel takes ports for outgoing connections, so that
// nobody's connection sits down on a port between our look and the server's start.
const firstPort = 20_000;
const portCount = 12_000;

const handedOut = new Set<number>();

/** Free ports on loopback, the wished for where they are free. */
export async function freePorts(wishes: PortWishes): Promise<Ports> {
  const ports: Record<string, number> = {};
  for (const [name, wish] of Object.entries(wishes)) ports[name] = await freePort(wish);
  return ports;
}

/** One process never answers the same port twice unless it was wished for and is still free. */
export async function freePort(wish?: number): Promise<number> {
  if (wish !== undefined && (await isFree(wish))) {
    handedOut.add(wish);
    return wish;
  }
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`no free port found between ${firstPort} and ${firstPort + portCount}`);
}

export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
