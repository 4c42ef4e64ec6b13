/** What is kept for ever, outside of the databases: the histories of deleted namespaces, and the log's anchors. */
export interface Archive {
  put(key: string, body: Uint8Array, signal: AbortSignal): Promise<unknown>;
  /** `bucket`: where it was kept then, if that is another one. `undefined` where nothing is kept under `key`. */
  get(key: string, signal: AbortSignal, bucket?: string): Promise<Uint8Array | undefined>;
  /** All that begin with `prefix`, in the order of their names. */
  keys(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
}
