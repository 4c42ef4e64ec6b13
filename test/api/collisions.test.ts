import { describe, expect, it } from "vitest";
import { collisionLimit } from "../../api/collisions.ts";
import type { Caller } from "../../runtime/auth.ts";

const caller = (subject: string): Caller => ({
  subject,
  teams: [],
  platform: false,
  audit: false,
  expiresAt: new Date(Date.now() + 60_000),
});
const mallory = caller("user:mallory");

describe("a caller who runs into names of others", () => {
  let time = 0;
  const limit = collisionLimit({ perMinute: 3 }, () => time);
  const run = (who: Caller, times: number) => {
    for (let at = 0; at < times; at++) {
      limit.assertMayAsk(who);
      limit.collided(who);
    }
  };

  it("may do so a few times, then not, and is told for how long", () => {
    run(mallory, 3);
    expect(() => limit.assertMayAsk(mallory)).toThrow(
      expect.objectContaining({
        code: "RATE_LIMITED",
        details: expect.objectContaining({ retry_after_seconds: 20 }),
      }),
    );
  });
  it("is nobody else", () => expect(() => run(caller("user:alice"), 3)).not.toThrow());
  it("may again after a while", () => {
    time += 20_000;
    run(mallory, 1);
    expect(() => limit.assertMayAsk(mallory)).toThrow();
    time += 600_000;
    run(mallory, 3);
    expect(() => limit.assertMayAsk(mallory)).toThrow();
  });
  it("may ask for what is free as often as they like", () => {
    for (let at = 0; at < 100; at++) limit.assertMayAsk(caller("user:busy"));
  });
});
