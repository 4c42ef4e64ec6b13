import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Message } from "../../proto/gen/prism/v1/message_pb.js";
import { subscription } from "../../proxy/subscription.ts";

const delivery = (at: number) => ({
  message: {
    id: `m${at}`,
    topic: "t",
    key: "",
    payload: new Uint8Array(),
    metadata: {},
    publishedAtMs: 0,
    headers: {},
    once: false,
    offset: `${at}`,
  },
  receipt: { proxy: "p", session: "s", delivery: at, partition: 0, offset: BigInt(at) },
  attempt: 1,
});

/** A client that reads nothing more after the first message, until it is told to. */
function slow() {
  const written: string[] = [];
  const sent: number[] = [];
  const drained = Promise.withResolvers<void>();
  const subscribed = subscription({
    credit: 10,
    deliver: (consumer) => consumer,
    write: ({ messageId }: Message) => written.push(messageId) > 1,
    drained: () => drained.promise,
    sent: ({ delivery }) => void sent.push(delivery),
    restMs: () => 0,
    eager: () => {},
    ended: (error) => {
      throw error;
    },
  });
  return { subscribed, written, sent, drain: () => drained.resolve() };
}

describe("a consumer's stream that is slow", () => {
  it("is not written what was taken back meanwhile: that is another's, who may be done with it", async () => {
    const { subscribed, written, drain } = slow();
    for (const at of [1, 2, 3]) subscribed.take(delivery(at));
    await turn();
    expect(written).toEqual(["m1"]);
    expect(subscribed.ready()).toBe(false);
    subscribed.released(2);
    drain();
    await turn();
    expect(written).toEqual(["m1", "m3"]);
    expect(subscribed.ready()).toBe(true);
  });

  it("tells what has reached the client: only from then on is that to be acknowledged", async () => {
    const { subscribed, sent, drain } = slow();
    for (const at of [1, 2]) subscribed.take(delivery(at));
    await turn();
    expect([sent, subscribed.hasSent(1), subscribed.hasSent(2)]).toEqual([[1], true, false]);
    drain();
    await turn();
    expect([sent, subscribed.hasSent(2)]).toEqual([[1, 2], true]);
  });
});
