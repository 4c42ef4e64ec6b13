import { connect } from "node:net";

export type Target = { readonly host: string; readonly port: number };

/** `host:port`, or a URL with both. */
export function target(address: string, defaultPort?: number): Target {
  const { hostname, port } = new URL(address.includes("://") ? address : `tcp://${address}`);
  const number = port === "" ? defaultPort : Number(port);
  if (hostname === "" || number === undefined)
    throw new Error(`'${address}' is no address: host:port is needed`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: number };
}

/**
 * Connects, says `words`, and answers the first bytes that come back: enough to know who
 * is there without a client library.
 */
export const converse = (
  { host, port }: Target,
  words: Buffer | string,
  signal: AbortSignal,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal }, () => socket.write(words));
    socket.once("data", (answer) => {
      resolve(Buffer.from(answer));
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`${host}:${port} closed the connection without a word`)));
  });
