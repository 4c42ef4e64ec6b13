import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { type Packet, streamEncode } from "dns-packet";
import { describe, expect, it } from "vitest";
import { dnsConversation } from "../../api/dns-conversation.ts";

const question = streamEncode({
  type: "query",
  id: 1,
  questions: [{ type: "A", name: "prism.example.com" }],
});
/** An answer of some 2 KB. */
const large = async (): Promise<Packet> => ({
  type: "response",
  answers: Array.from({ length: 50 }, () => ({ type: "A", name: "prism.example.com", data: "10.0.0.1" })),
});

/** Somebody who asks a thousand times; and takes what is written, or never does. */
async function asked(taking: boolean) {
  let answered = 0;
  const socket = new Duplex({
    read() {},
    write: (_, __, taken) => taking && taken(),
  });
  const ended = dnsConversation(socket, () => {
    answered += 1;
    return large();
  }).catch(() => {});
  for (let count = 0; count < 1_000; count++) {
    socket.push(question);
    await turn();
  }
  socket.destroy();
  await ended;
  return answered;
}

describe("a conversation about names", () => {
  it("answers all questions of who takes its answers", async () => expect(await asked(true)).toBe(1_000));

  it("reads no more from who does not take them, whatever is sent", async () =>
    expect(await asked(false)).toBeLessThan(100));

  it("ends with what is no question", async () => {
    const socket = new Duplex({ read() {}, write: (_, __, taken) => taken() });
    socket.push(Buffer.from([0, 2, 1, 2]));
    await dnsConversation(socket, large);
    expect(socket.destroyed).toBe(true);
  });
});
