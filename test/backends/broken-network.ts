import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Trouble =
  /** Nothing wrong. */
  | { readonly kind: "none" }
  /** Every answer comes late. */
  | { readonly kind: "latency"; readonly ms: number }
  /** Connections break after so many answers. */
  | { readonly kind: "reset"; readonly after: number }
  /** What is asked arrives; after so many answers none comes back any more. */
  | { readonly kind: "half-open"; readonly after: number }
  /** After so many answers nothing passes, and nobody is told. */
  | { readonly kind: "black hole"; readonly after: number };

/** Stands between a client and a server, as a network does on a bad day. Answers are counted over all connections. */
export async function brokenNetwork(target: { readonly host: string; readonly port: number }) {
  let trouble: Trouble = { kind: "none" };
  let answers = 0;
  const sockets = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();
  const over = (): boolean => "after" in trouble && answers >= trouble.after;

  const server = createServer((client) => {
    if (trouble.kind === "reset" && over()) return void client.resetAndDestroy();
    const upstream = connect(target.port, target.host);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end).on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on("data", (bytes) => {
      if (forgotten.has(client)) return;
      if (trouble.kind === "reset" && over()) return end();
      if (!(trouble.kind === "black hole" && over())) upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (over() || forgotten.has(client)) return;
      answers++;
      if (trouble.kind === "latency") setTimeout(() => client.writable && client.write(bytes), trouble.ms);
      else client.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    /** From now on; connections that were open before a recovery are lost with it. */
    be(next: Trouble): void {
      if (next.kind === "none") for (const socket of sockets) socket.destroy();
      answers = 0;
      trouble = next;
    },
    /** As a firewall that was restarted: nothing passes on connections that are open, new ones work. */
    forget(): void {
      for (const socket of sockets) forgotten.add(socket);
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
