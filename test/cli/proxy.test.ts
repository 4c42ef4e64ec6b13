import { describe, expect, it } from "vitest";
import { proxyCommands } from "../../cli/proxy.ts";
import { answered } from "./answered.ts";

/** Drains `p`, which is first `draining` and then as these states say, the last of them for good. */
async function drained(waitSeconds: number, ...states: readonly string[]) {
  let looks = 0;
  const proxy = (state = "draining") => ({ proxy: "p", state, under_way: state === "drained" ? 0 : 3 });
  return answered(proxyCommands, ["proxy", "drain", "p", "--wait-seconds", String(waitSeconds)], (method) =>
    method === "POST" ? proxy() : { items: [proxy(states[Math.min(looks++, states.length - 1)])] },
  );
}

describe("prism proxy drain", () => {
  it("ends well when nothing is under way any more, also of a proxy that was silent for a while", async () => {
    const { printed, refusal } = await drained(60, "silent", "draining", "drained");
    expect([printed, refusal]).toMatchObject([{ state: "drained" }, undefined]);
  });

  it.each(["draining", "silent", "live", "evicted"])("fails where it is %s in the end", async (state) => {
    const { printed, refusal } = await drained(1, state);
    expect([printed, refusal]).toMatchObject([{ state }, expect.stringContaining("'p'")]);
  });

  it("looks no further where nobody wants to wait", async () => {
    expect((await drained(0, "draining")).refusal).toBeUndefined();
  });
});
