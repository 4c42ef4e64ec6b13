import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { archiveKey, archiveText } from "../domain/namespace/archive.ts";
import type { NamespaceHistory } from "./recorder.ts";

export type Archived = {
  readonly key: string;
  /** gzip of one canonical JSON object a line, oldest first. */
  readonly body: Uint8Array;
  /** SHA-256 of the lines, in hex: `zcat FILE | sha256sum`. */
  readonly digest: string;
  /** Of the last event that is in it. */
  readonly revision: string;
};

/** The history of a namespace's present life, as it is kept when the life ends. */
export function archived(namespace: string, { state, events }: NamespaceHistory): Archived {
  const life = events.filter(({ metadata }) => metadata.incarnation === state.incarnation);
  const text = Buffer.from(archiveText(life));
  const revision = String(life.at(-1)?.revision ?? 0n);
  return {
    key: archiveKey(namespace, state.incarnation, revision),
    body: gzipSync(text),
    digest: createHash("sha256").update(text).digest("hex"),
    revision,
  };
}
