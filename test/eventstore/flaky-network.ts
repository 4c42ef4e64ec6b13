import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type FlakyNetwork = {
  /** The server's URL by way of this network. */
  readonly url: string;
  /** Breaks every connection and lets none come up for `ms`. */
  readonly cut: (ms: number) => Promise<void>;
  /** The same until it is healed. */
  readonly sever: () => void;
  readonly heal: () => void;
  /** The next time a client sends `text`, it reaches the server, but the answer is lost with the connection. */
  readonly loseReplyTo: (text: string) => void;
  readonly close: () => Promise<void>;
};

/** Stands between a client and a server, as a network does on a bad day. */
export async function flakyNetwork(serverUrl: string): Promise<FlakyNetwork> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let down = false;
  let losing: string | undefined;

  const server = createServer((client) => {
    if (down) return void client.destroy();
    const upstream = connect(Number(target.port || 5432), target.hostname);
    let mute = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end).on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on("data", (bytes) => {
      upstream.write(bytes);
      if (losing === undefined || !bytes.includes(losing)) return;
      losing = undefined;
      mute = true;
      // Long enough for the server to have done it.
      setTimeout(end, 200);
    });
    upstream.on("data", (bytes) => {
      if (!mute) client.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const url = new URL(serverUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  const breakAll = () => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    url: url.href,
    async cut(ms) {
      down = true;
      breakAll();
      await new Promise((resolve) => setTimeout(resolve, ms));
      down = false;
    },
    sever() {
      down = true;
      breakAll();
    },
    heal() {
      down = false;
    },
    loseReplyTo(text) {
      losing = text;
    },
    async close() {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}
