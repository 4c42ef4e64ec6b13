import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Packet } from "dns-packet";
import { fitting, understood } from "./dns-messages.ts";

// The length is two bytes.
const mostBytes = 65_535;

/**
 * Questions with their length before them, one after the other; no more are read than answers are taken.
 * What is no question ends it, and it rejects where the socket does.
 */
export async function dnsConversation(
  socket: Duplex,
  reply: (query: Packet) => Promise<Packet>,
): Promise<void> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  let heard: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  for await (const part of socket) {
    heard = Buffer.concat([heard, part]);
    while (heard.byteLength >= 2 && heard.byteLength >= 2 + heard.readUInt16BE(0)) {
      const end = 2 + heard.readUInt16BE(0);
      const query = understood(heard.subarray(2, end));
      heard = heard.subarray(end);
      if (query === undefined) return;
      const answer = fitting(await reply(query), mostBytes);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.byteLength);
      if (!socket.write(Buffer.concat([length, answer])))
        await once(socket, "drain", { signal: closed.signal });
    }
  }
}
