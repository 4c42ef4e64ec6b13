import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { canonicalJson } from "../domain/json.ts";
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
  const lines = life.map(({ position, revision, recordedAt, stored: _, ...event }) =>
    canonicalJson({
      ...event,
      position: String(position),
      revision: String(revision),
      recorded_at: recordedAt.toISOString(),
    }),
  );
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  return {
    key: `namespaces/${namespace}/${state.incarnation}.ndjson.gz`,
    body: gzipSync(text),
    digest: createHash("sha256").update(text).digest("hex"),
    revision: String(life.at(-1)?.revision ?? 0n),
  };
}
