import { expect, it } from "vitest";
import type { Consumption, Message } from "../../sdk/typescript/consumption.ts";
import { type WorkOptions, work } from "../../sdk/typescript/work.ts";

const twelveHoursMs = 12 * 3_600_000;

/** After how many milliseconds a message is asked for again whose handler has failed at this attempt. */
async function delayAt(attempt: number, options: Partial<WorkOptions> = {}): Promise<number | undefined> {
  let delayMs: number | undefined;
  const message = {
    attempt,
    nack: async (how) => {
      delayMs = how?.delayMs;
    },
  } as Message;
  const messages = (async function* () {
    yield message;
  })();
  const consumption = Object.assign(messages, { ready: Promise.resolve() }) as unknown as Consumption;
  const refuse = () => Promise.reject(new Error("refused"));
  await work(consumption, { group: "g", ...options }, refuse).done;
  return delayMs;
}

it("lets what has failed wait longer each time, but never for longer than a proxy grants", async () => {
  expect([await delayAt(1), await delayAt(2), await delayAt(5)]).toEqual([1_000, 2_000, 16_000]);
  // Attempts are not limited on a topic of dead letters.
  expect([await delayAt(17), await delayAt(2_000)]).toEqual([twelveHoursMs, twelveHoursMs]);
  expect(await delayAt(1, { delayMs: () => 24 * 3_600_000 })).toBe(twelveHoursMs);
});
