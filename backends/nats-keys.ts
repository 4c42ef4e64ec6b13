import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";

/** Whose a key is: an operator signs accounts, an account signs its users, a user logs in. */
export type Role = "operator" | "account" | "user";

const roles: Readonly<Record<Role, number>> = { operator: 14 << 3, account: 0, user: 20 << 3 };
const seedMark = 18 << 3;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** What precedes the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * 32 bytes as NATS writes a secret key: `SO…`, `SA…` or `SU…`. Its own library makes such keys
 * only at random, and computes in JavaScript; ours are derived, and a worker signs often.
 */
export function seedOf(role: Role, secret: Uint8Array): string {
  const first = seedMark | (roles[role] >> 5);
  const second = (roles[role] & 31) << 3;
  return checked([first, second, ...secret]);
}

/** The public half: `O…`, `A…` or `U…`. */
export function publicKey(seed: string): string {
  const [first = 0, second = 0] = bytesOf(seed);
  const role = ((first & 7) << 5) | (second >> 3);
  const { x = "" } = createPublicKey(keyOf(seed)).export({ format: "jwk" });
  return checked([role, ...Buffer.from(x, "base64url")]);
}

/**
 * Claims under the signature of a key, in the form of JWT that NATS takes. The same claims
 * and key give the same text.
 */
export function signed(seed: string, claims: Claims): string {
  const parts = [
    { typ: "JWT", alg: "ed25519-nkey" },
    { ...claims, iss: publicKey(seed) },
  ];
  const said = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${said}.${sign(null, Buffer.from(said), keyOf(seed)).toString("base64url")}`;
}

/** What a JWT says. Who asks has it from a server or an administrator: the signature is theirs to check. */
export function claimsIn(jwt: string): Claims & { readonly iss: string } {
  const [, said = ""] = jwt.split(".");
  return JSON.parse(Buffer.from(said, "base64url").toString()) as Claims & { readonly iss: string };
}

/** `iat` in seconds: of two claims for one account a server keeps the later one. */
export type Claims = {
  readonly jti: string;
  readonly iat: number;
  readonly name: string;
  readonly sub: string;
  readonly nats: Readonly<Record<string, unknown>>;
};

/** Behind the two bytes that say whose it is. */
const keyOf = (seed: string): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([pkcs8, bytesOf(seed).subarray(2, 34)]),
    format: "der",
    type: "pkcs8",
  });

/** In base 32, with a checksum behind it. */
function checked(body: readonly number[]): string {
  const check = crc16(body);
  const bits = [...body, check & 255, check >> 8].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, "0"), 2)]).join("");
}

function bytesOf(text: string): Buffer {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** CRC-16/XMODEM. */
function crc16(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
