import { createPrivateKey, X509Certificate } from "node:crypto";
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";
import { PrismError } from "../domain/errors.ts";
import { type Peer, peerOf, peerText } from "./peer.ts";

/** What a process shows the others, and whom it believes: PEM. */
export type Identity = { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };

/** A port for Prism's own processes: who shows no certificate of the platform's CA does not get in. */
export const forPeers = ({ ca, cert, key }: Identity): ServerCredentials =>
  ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);

/**
 * A connection to one of Prism's own processes. `expected` says whether the other side is
 * the one meant; its host name is not asked for, its certificate says who it is.
 */
export const toPeer = (
  { ca, cert, key }: Identity,
  expected: (peer: Peer | undefined) => boolean,
): ChannelCredentials =>
  credentials.createSsl(ca, key, cert, {
    checkServerIdentity(_, { raw }) {
      const peer = peerOf(new X509Certificate(raw));
      return expected(peer) ? undefined : new Error(`the other side is ${peerText(peer)}`);
    },
  });

/** For its channel: an address in numbers is no name that TLS could ask for. */
export const peerChannel = { "grpc.ssl_target_name_override": "prism" };

/** What a call of grpc-js knows of its connection. */
export type Authenticated = {
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Buffer } } | null;
};

/** Which process of Prism calls. */
export function callingPeer(call: Authenticated): Peer | undefined {
  const raw = call.getAuthContext()?.sslPeerCertificate?.raw;
  return raw === undefined ? undefined : peerOf(new X509Certificate(raw));
}

/**
 * What a process would only learn from every peer's refusal, said when it starts: a
 * certificate of another CA, of another process, or without its key.
 */
export function checkIdentity({ ca, cert, key }: Identity, isOurs: (peer: Peer) => boolean): void {
  const own = certificate("PRISM_CONTROL_CERT", cert);
  const authority = certificate("PRISM_CONTROL_CA", ca);
  const peer = peerOf(own);
  if (peer === undefined || !isOurs(peer)) {
    throw wrong("PRISM_CONTROL_CERT", `is the certificate of ${peerText(peer)}, not of this process`);
  }
  if (!own.checkIssued(authority) || !own.verify(authority.publicKey)) {
    throw wrong("PRISM_CONTROL_CERT", "was not issued by the CA of PRISM_CONTROL_CA");
  }
  if (own.validToDate < new Date()) {
    throw wrong("PRISM_CONTROL_CERT", `has expired on ${own.validToDate.toISOString()}`);
  }
  if (!isKeyOf(own, key)) throw wrong("PRISM_CONTROL_KEY", "is not the key of PRISM_CONTROL_CERT");
}

function certificate(variable: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw wrong(variable, "names a file that holds no certificate in PEM", cause);
  }
}

function isKeyOf(certificate: X509Certificate, key: Buffer): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

const wrong = (variable: string, problem: string, cause?: unknown): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `${variable} ${problem}`, {
    details: { field: variable },
    ...(cause === undefined ? {} : { cause }),
  });
