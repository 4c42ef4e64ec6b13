/** A message on its way from a publisher to its consumers. */
export type Message = {
  /** UUID v7. */
  readonly id: string;
  /** Logical: many share the namespace's one physical topic. */
  readonly topic: string;
  /** Empty: none. */
  readonly key: string;
  readonly payload: Uint8Array;
  /** The publisher's own. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly publishedAtMs: number;
  /** What patterns tell one another over the backend: `prism-…`, never a client's. */
  readonly headers: Readonly<Record<string, string>>;
  /** The same id is the same message: published before, it is not published again. */
  readonly once: boolean;
};

/** `offset` is opaque to clients, fixed at acknowledgement and equal in delivery. */
export type Delivered = Omit<Message, "once"> & { readonly offset: string };

// Its own objects, and what is known of it as under way.
const aroundBytes = 1_024;

/** What a message takes in memory. */
export const sizeOf = ({ key, payload, metadata, headers }: Delivered): number =>
  aroundBytes + payload.byteLength + key.length + textBytes(metadata) + textBytes(headers);

export function textBytes(entries: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name in entries) bytes += name.length + (entries[name]?.length ?? 0);
  return bytes;
}
