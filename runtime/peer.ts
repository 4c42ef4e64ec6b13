import type { X509Certificate } from "node:crypto";

/**
 * One of Prism's own processes, as its certificate names it: `control` is the API and the
 * worker, `proxy` one proxy of one shard. Names of hosts say nothing here: a proxy may have
 * any address, and its lease says which.
 */
export type Peer =
  | { readonly role: "control"; readonly name: string }
  | { readonly role: "proxy"; readonly shard: string; readonly id: string };

const scheme = "prism://";

/** `prism://control/<name>` or `prism://proxy/<shard>/<id>`: the URI among a certificate's alternative names. */
export const peerUri = (peer: Peer): string => scheme + path(peer);

/** For people: `proxy/shard-1/a`. */
export const peerText = (peer: Peer | undefined): string =>
  peer === undefined ? "none of Prism's processes" : path(peer);

/** `undefined`: it names no process of Prism, or more than one. */
export function peerOf({ subjectAltName = "" }: Pick<X509Certificate, "subjectAltName">): Peer | undefined {
  // Quotes stand around names with commas in them: such a name could pass for two.
  if (subjectAltName.includes('"')) return undefined;
  const names = subjectAltName.split(", ").filter((name) => name.startsWith(`URI:${scheme}`));
  const [name] = names;
  if (name === undefined || names.length > 1) return undefined;
  return parse(name.slice(`URI:${scheme}`.length));
}

export const samePeer = (one: Peer | undefined, other: Peer): boolean =>
  one !== undefined && path(one) === path(other);

const path = (peer: Peer): string =>
  (peer.role === "control" ? ["control", peer.name] : ["proxy", peer.shard, peer.id])
    .map(encodeURIComponent)
    .join("/");

function parse(text: string): Peer | undefined {
  try {
    const [role, first = "", second = "", ...rest] = text.split("/").map(decodeURIComponent);
    if (rest.length > 0 || first === "") return undefined;
    if (role === "control" && second === "") return { role, name: first };
    if (role === "proxy" && second !== "") return { role, shard: first, id: second };
  } catch {
    // Not what we have written.
  }
  return undefined;
}
