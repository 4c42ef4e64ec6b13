import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { authority } from "../../runtime/auth.ts";

const config = {
  kind: "jwks",
  url: "https://keys.example/jwks",
  issuer: "https://issuer.example",
  audience: "prism",
} as const;
const hourMs = 3_600_000;

/** What the key server does when it is asked. */
let answer: () => Promise<Response>;
const away = async (): Promise<Response> => {
  throw new TypeError("fetch failed");
};

describe("a token is checked by a key server's keys", () => {
  type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
  let pair: Pair;
  let stranger: Pair;
  let published: JWK;
  beforeAll(async () => {
    pair = await generateKeyPair("ES256");
    stranger = await generateKeyPair("ES256");
    published = { ...(await exportJWK(pair.publicKey)), kid: "ours", alg: "ES256", use: "sig" };
  });
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    answer = async () => Response.json({ keys: [published] });
    vi.stubGlobal("fetch", () => answer());
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const token = (name: string, { privateKey } = pair, kid = "ours") =>
    new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid })
      .setSubject(`user:${name}`)
      .setIssuer(config.issuer)
      .setAudience(config.audience)
      .setExpirationTime(Math.floor(Date.now() / 1000) + 600)
      .sign(privateKey);
  /** Who the caller is, or why they are nobody. */
  const asked = async (by: ReturnType<typeof authority>, signed: Promise<string>) =>
    by.caller(`Bearer ${await signed}`).then(
      ({ subject }) => subject,
      ({ code }: { code: string }) => code,
    );

  it.each([
    ["cannot be reached", away],
    ["answers an error", async () => new Response("bad gateway", { status: 502 })],
    ["answers what is no key set", async () => Response.json({ hello: "world" })],
  ])("and by those it had, where it %s an hour later", async (_, broken) => {
    const by = authority(config);
    expect(await asked(by, token("alice"))).toBe("user:alice");
    vi.setSystemTime(Date.now() + hourMs);
    answer = broken;
    expect(await asked(by, token("bob"))).toBe("user:bob");
    expect(await asked(by, token("eve", stranger))).toBe("UNAUTHENTICATED");
    expect(await asked(by, token("eve", stranger, "theirs"))).toBe("UNAUTHENTICATED");
  });

  it("and nobody is called a stranger before it has answered once", async () => {
    const by = authority(config);
    answer = away;
    expect(await asked(by, token("alice"))).toBe("BACKEND_UNAVAILABLE");
    answer = async () => Response.json({ keys: [published] });
    expect(await asked(by, token("alice"))).toBe("user:alice");
  });
});
