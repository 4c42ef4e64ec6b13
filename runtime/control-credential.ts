import { timingSafeEqual } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";

const scheme = "Prism-Control ";

/** What proxies and control plane show each other; never a user's token. */
export function controlMetadata(credential: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", scheme + credential);
  return metadata;
}

/** Compares in constant time: the credential must not be guessed byte by byte. */
export function controlCredentialMatches(metadata: Metadata, credential: string): boolean {
  const shown = Buffer.from(String(metadata.get("authorization")[0] ?? ""));
  const wanted = Buffer.from(scheme + credential);
  return shown.length === wanted.length && timingSafeEqual(shown, wanted);
}
