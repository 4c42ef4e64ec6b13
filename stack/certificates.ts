import "reflect-metadata";
import { createPublicKey, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Peer, peerUri } from "../runtime/peer.ts";
import { type Instance, once } from "./instance.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const authorityName = "CN=Prism development CA";
// X.509 allows no longer one; who it is stands in the URI.
const commonNameLength = 64;
const days = (count: number): number => count * 24 * 3_600_000;
// A clock that lags a little behind must not find them not valid yet.
const slackMs = 3_600_000;

/**
 * The variables that give one of Prism's processes its certificate in development: of a CA
 * that the instance makes for itself, in files of mode 0600. A certificate is made anew at
 * every call, good for a year and for loopback.
 */
export async function certificateFiles(instance: Instance, peer: Peer): Promise<Record<string, string>> {
  const folder = join(instance.folder, "certificates");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const caKey = await keys(join(folder, "ca.key"));
  const ca = join(folder, "ca.pem");
  const draft = await authority(caKey);
  once(ca, () => draft);
  const own = join(folder, fileName(peer));
  const pair = await keys(`${own}.key`);
  replace(`${own}.pem`, await certificate(peer, pair.publicKey, caKey));
  return { PRISM_CONTROL_CA: ca, PRISM_CONTROL_CERT: `${own}.pem`, PRISM_CONTROL_KEY: `${own}.key` };
}

/** The pair of that file, made if it is not there. */
async function keys(file: string): Promise<webcrypto.CryptoKeyPair> {
  const pem = once(file, () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ format: "pem", type: "pkcs8" })
      .toString(),
  );
  const pkcs8 = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const spki = createPublicKey(pem).export({ format: "der", type: "spki" });
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]),
    publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]),
  };
}

async function authority(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: authorityName,
    ...validFor(days(3_650)),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return made.toString("pem");
}

async function certificate(
  peer: Peer,
  publicKey: webcrypto.CryptoKey,
  ca: webcrypto.CryptoKeyPair,
): Promise<string> {
  const made = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [nameOf(peer).slice(0, commonNameLength)] }],
    issuer: authorityName,
    ...validFor(days(365)),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: ca.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new SubjectAlternativeNameExtension([
        { type: "url", value: peerUri(peer) },
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
    ],
  });
  return made.toString("pem");
}

const nameOf = (peer: Peer): string => (peer.role === "control" ? peer.name : peer.id);

/** Any id has a file of its own: what a file system may not take is written as its code. */
const fileName = (peer: Peer): string =>
  `${peer.role}-${nameOf(peer).replace(/[^A-Za-z0-9_-]/g, (sign) => `.${sign.charCodeAt(0).toString(16)}`)}`;

const serial = (): string => `00${randomBytes(15).toString("hex")}`;

const validFor = (ms: number) => ({
  notBefore: new Date(Date.now() - slackMs),
  notAfter: new Date(Date.now() + ms),
});

function replace(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}
