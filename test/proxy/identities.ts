import { readFileSync } from "node:fs";
import type { Identity } from "../../runtime/mutual-tls.ts";
import type { Peer } from "../../runtime/peer.ts";
import { certificateFiles } from "../../stack/certificates.ts";
import { type Instance, purge, temporaryInstance } from "../../stack/instance.ts";

let platform: Instance | undefined;

/** The files of a peer that this test file's CA, or another's, vouches for. */
export async function filesOf(peer: Peer, ca?: Instance): Promise<Record<string, string>> {
  if (ca !== undefined) return certificateFiles(ca, peer);
  if (platform === undefined) {
    const made = temporaryInstance();
    process.once("exit", () => purge(made));
    platform = made;
  }
  return certificateFiles(platform, peer);
}

export async function identityOf(peer: Peer, ca?: Instance): Promise<Identity> {
  const files = await filesOf(peer, ca);
  const read = (variable: string): Buffer => readFileSync(files[variable] ?? "");
  return {
    ca: read("PRISM_CONTROL_CA"),
    cert: read("PRISM_CONTROL_CERT"),
    key: read("PRISM_CONTROL_KEY"),
  };
}
