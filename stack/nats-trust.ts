import { createHash, hkdfSync } from "node:crypto";
import { publicKey, type Role, seedOf, signed } from "../backends/nats-keys.ts";

/**
 * Everything of a development server's operator mode, from the instance's secret alone: the
 * same secret gives the same text, so no file has to be kept, and a container is not made
 * anew at each call.
 */
export function natsTrust(secret: string) {
  const seed = (role: Role, name: string): string =>
    seedOf(role, new Uint8Array(hkdfSync("sha256", secret, "prism nats", `${role} ${name}`, 32)));
  const [operator, system, prism] = [
    seed("operator", "prism"),
    seed("account", "system"),
    seed("account", "prism"),
  ];
  const user = (account: string, name: string): string => {
    const own = seed("user", name);
    return `${claim(account, name, own, { type: "user", subs: -1, data: -1, payload: -1 })}:${own}`;
  };
  return {
    /** What the server is told: whom it trusts, and the two accounts that are there from the start. */
    server: {
      operator: claim(operator, "prism", operator, {
        type: "operator",
        system_account: publicKey(system),
      }),
      systemId: publicKey(system),
      system: claim(operator, "SYSTEM", system, { type: "account", limits: unlimited }),
      prismId: publicKey(prism),
      prism: claim(operator, "PRISM", prism, {
        type: "account",
        limits: { ...unlimited, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
        // Streams, and JetStream's answers about them: an account imports no more than Prism signs.
        exports: [{ name: "namespaces", subject: "*.*.>", type: "service" }],
      }),
    },
    /** What Prism is told. */
    operator,
    system: user(system, "system"),
    prism: user(prism, "prism"),
  };
}

const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1 };

function claim(issuer: string, name: string, subject: string, said: Record<string, unknown>): string {
  const claims = { iat: 0, name, sub: publicKey(subject), nats: { version: 2, ...said } };
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("hex");
  return signed(issuer, { jti, ...claims });
}
