import { nkeys } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { claimsIn, publicKey, type Role, seedOf, signed } from "../../backends/nats-keys.ts";

const secret = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
const text = (value: string): Uint8Array => Buffer.from(value);

describe("keys for NATS", () => {
  it.each<[Role, string]>([
    ["operator", "O"],
    ["account", "A"],
    ["user", "U"],
  ])("of an %s are what NATS' own library takes them for", (role, letter) => {
    const seed = seedOf(role, secret);
    const theirs = nkeys.fromSeed(text(seed));
    expect(seed.slice(0, 2)).toBe(`S${letter}`);
    expect(publicKey(seed)).toBe(theirs.getPublicKey());
    expect(publicKey(seed).startsWith(letter)).toBe(true);
  });

  it("sign claims that its library verifies, and no others", () => {
    const seed = seedOf("account", secret);
    const claims = { jti: "1", iat: 0, name: "ours", sub: publicKey(seed), nats: { type: "account" } };
    const jwt = signed(seed, claims);
    expect(claimsIn(jwt)).toEqual({ ...claims, iss: publicKey(seed) });
    const [header, body, signature = ""] = jwt.split(".");
    const verifies = (said: string) =>
      nkeys.fromPublic(publicKey(seed)).verify(text(said), Buffer.from(signature, "base64url"));
    expect(verifies(`${header}.${body}`)).toBe(true);
    expect(verifies(`${header}.${body}x`)).toBe(false);
  });

  it("give the same text for the same claims, so that nothing is made anew for nothing", () => {
    const seed = seedOf("operator", secret);
    const claims = { jti: "1", iat: 0, name: "ours", sub: publicKey(seed), nats: {} };
    expect(signed(seed, claims)).toBe(signed(seed, claims));
  });
});
