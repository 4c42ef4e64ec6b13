import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { logins } from "../../backends/logins.ts";
import { scram, scramVerifier } from "../../backends/scram.ts";
import { backendKinds } from "../../domain/plan.ts";

const own = logins("the platform's secret");
const orders = { namespace: "orders", incarnation: 1 };

describe("a namespace's own login", () => {
  it("is the same wherever it is derived", () =>
    expect(own("postgres", orders)).toEqual(logins("the platform's secret")("postgres", orders)));

  it("has a password of its own in each backend, life and platform, and for each namespace", () => {
    const all = [
      ...backendKinds.map((kind) => own(kind, orders)),
      own("postgres", { ...orders, incarnation: 2 }),
      own("postgres", { ...orders, namespace: "orders-1" }),
      logins("another secret")("postgres", orders),
    ];
    expect(new Set(all.map(({ password }) => password)).size).toBe(all.length);
    for (const { password } of all) expect(password).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("is shown to a server as RFC 5802 says, so that the server can check it and not use it", () => {
    const credentials = own("postgres", orders);
    const { salt, saltedPassword } = scram("sha256", credentials);
    const [, iterations, saltText, stored] =
      /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(scramVerifier(credentials)) ?? [];
    const clientKey = createHmac("sha256", saltedPassword).update("Client Key").digest();
    expect({ iterations, saltText, stored }).toEqual({
      iterations: "4096",
      saltText: salt.toString("base64"),
      stored: createHash("sha256").update(clientKey).digest("base64"),
    });
    expect(scramVerifier(credentials)).not.toContain(credentials.password);
  });
});
